{# A seed whose columns differ from those of its table is created anew: dbt itself truncates and inserts, and never alters.
   Seeds are otherwise truncated, so that views of them stay; those dropped here are behind the seed and built with it. #}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- set there = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | map('lower') | list -%}
    {%- set listed = agate_table.column_names | map('string') | map('lower') | list -%}
    {{ return(default__reset_csv_table(model, full_refresh or there != listed, old_relation, agate_table)) }}
{%- endmacro %}
