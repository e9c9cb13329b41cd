{# Means of each form metric over each window, as `points_last_5`, from a model that defines windows `last_5`, ... #}
{% macro form_means() -%}
    {%- set columns = [] -%}
    {%- for window in var('form_windows') -%}
        {%- for metric in var('form_metrics') -%}
            {%- do columns.append('avg(' ~ metric ~ '::double precision) over last_' ~ window ~ ' as ' ~ metric ~ '_last_' ~ window) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n    ') }}
{%- endmacro %}

{# The same columns read from relation `<side>_form`, named `home_points_last_5` and so on. #}
{% macro form_columns(side) -%}
    {%- set columns = [] -%}
    {%- for window in var('form_windows') -%}
        {%- for metric in var('form_metrics') -%}
            {%- set column = metric ~ '_last_' ~ window -%}
            {%- do columns.append(side ~ '_form.' ~ column ~ ' as ' ~ side ~ '_' ~ column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n    ') }}
{%- endmacro %}
