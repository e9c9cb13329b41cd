{# A club that no alias row names yet still gets an id of its own, so that its matches are not lost; a check lists it. #}
{% macro team_id(known_id, country, name) -%}
    coalesce(
        {{ known_id }},
        trim(both '-' from regexp_replace(lower({{ country }} || '-' || {{ name }}), '[^a-z0-9]+', '-', 'g'))
    )
{%- endmacro %}

{# Every row of a staging relation with its league's country and tier and both clubs' ids: matches and fixtures alike. #}
{% macro with_team_ids(relation) -%}
    select
        games.*,
        leagues.country,
        leagues.tier,
        {{ team_id('home.team_id', 'leagues.country', 'games.home_name') }} as home_id,
        {{ team_id('away.team_id', 'leagues.country', 'games.away_name') }} as away_id
    from {{ relation }} as games
    inner join {{ ref('leagues') }} as leagues on games.league = leagues.league
    left join {{ ref('team_aliases') }} as home
        on leagues.country = home.country and games.home_name = home.name
    left join {{ ref('team_aliases') }} as away
        on leagues.country = away.country and games.away_name = away.name
{%- endmacro %}

{# `parts` are SQL expressions. 64 bits: a clash among a million matches has odds of 1 to 37 million. #}
{% macro match_id(parts) -%}
    left(md5(concat_ws('|', {{ parts | join(', ') }})), 16)
{%- endmacro %}

{# The instant of kickoff: the site prints UK clock for every country; no time means 15:00. #}
{% macro kickoff(match_date, kickoff_time) -%}
    (({{ match_date }} + coalesce({{ kickoff_time }}, time '15:00')) at time zone 'Europe/London')
{%- endmacro %}

{# The season a day belongs to: the year, or from autumn to spring, where seasons turn on 1 July. #}
{% macro season_of(match_date, calendar) -%}
    case
        when {{ calendar }} = 'year' then extract(year from {{ match_date }})::int::text
        else
            extract(year from {{ match_date }} - interval '6 months')::int::text
            || '-' || lpad(((extract(year from {{ match_date }} - interval '6 months')::int + 1) % 100)::text, 2, '0')
    end
{%- endmacro %}
