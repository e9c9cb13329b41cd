{# A club that no alias row names yet still gets an id of its own, so that its matches are not lost; a check lists it. #}
{% macro team_id(known_id, country, name) -%}
    coalesce(
        {{ known_id }},
        trim(both '-' from regexp_replace(lower({{ country }} || '-' || {{ name }}), '[^a-z0-9]+', '-', 'g'))
    )
{%- endmacro %}

{# `parts` are SQL expressions. 64 bits: a clash among a million matches has odds of 1 to 37 million. #}
{% macro match_id(parts) -%}
    left(md5(concat_ws('|', {{ parts | join(', ') }})), 16)
{%- endmacro %}

{# The instant of kickoff: the site prints UK clock for every country; no time means 15:00. #}
{% macro kickoff(match_date, kickoff_time) -%}
    (({{ match_date }} + coalesce({{ kickoff_time }}, time '15:00')) at time zone 'Europe/London')
{%- endmacro %}

{# The season a day belongs to; seasons turn on 1 July. #}
{% macro season_of(match_date) -%}
    (
        extract(year from {{ match_date }} - interval '6 months')::int::text
        || '-' || lpad(((extract(year from {{ match_date }} - interval '6 months')::int + 1) % 100)::text, 2, '0')
    )
{%- endmacro %}
