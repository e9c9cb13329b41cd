{# A model's schema is its layer, not `<target schema>_<layer>`: folder, asset key prefix and schema share one name. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
