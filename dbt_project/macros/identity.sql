{# The id of a club that no row of club_names has: a name that left the raw tables before it was resolved. #}
{% macro unlisted_id(country, name) -%}
    trim(both '-' from regexp_replace(lower({{ country }} || '-' || {{ name }}), '[^a-z0-9]+', '-', 'g'))
{%- endmacro %}

{# Rows of a staging relation with their league's country and tier and both clubs' ids: matches and fixtures alike.
   Those of a pending name, which has no id, wait until it is decided, those of a held season until its check passes. #}
{% macro with_team_ids(relation) -%}
    select
        games.*,
        leagues.country,
        leagues.tier,
        home.team_id as home_id,
        away.team_id as away_id
    from {{ relation }} as games
    inner join {{ ref('leagues') }} as leagues
        on
            games.league = leagues.league
            and not exists (
                select from {{ source('intermediate', 'held_seasons') }} as held
                where games.league = held.league and games.season = held.season
            )
    inner join {{ source('intermediate', 'club_names') }} as home
        on
            leagues.country = home.country
            and games.season = home.season
            and games.home_name = home.name
            and home.team_id is not null
    inner join {{ source('intermediate', 'club_names') }} as away
        on
            leagues.country = away.country
            and games.season = away.season
            and games.away_name = away.name
            and away.team_id is not null
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
