{{ config(indexes=[{'columns': ['team_id', 'league'], 'unique': true}]) }}
-- Grain: one row per club and league it plays in: what its next match there may know of it. The service assembles a
-- feature row from two of these and a pair's. As of an earlier day core/features/past_state.py gives the same.
select
    state.team_id,
    state.league,
    state.season,
    state.elo,
    state.home_pi,
    state.away_pi,
    state.attack,
    state.defence,
    state.momentum,
    form.latest_match_date,
    form.latest_kickoff,
    coalesce(form.matches_played, 0) as matches_played,
    coalesce(tables.played, 0) as table_matches,
    tables.position as table_position,
    tables.points::double precision / tables.played as table_points,
    {{ form_columns('form', 'all', var('form_metrics'), var('form_windows')) }},
    {{ form_columns('at_home', 'home_venue', var('venue_metrics'), [10]) }},
    {{ form_columns('away', 'away_venue', var('venue_metrics'), [10]) }}
from {{ source('ratings', 'team_state') }} as state
left join lateral (
    select earlier.*
    from {{ ref('int_team_form') }} as earlier
    where earlier.team_id = state.team_id
    order by earlier.latest_match_date desc
    limit 1
) as form on true
{%- for venue, is_home in [('at_home', 'earlier.is_home'), ('away', 'not earlier.is_home')] %}
left join lateral (
    select earlier.*
    from {{ ref('int_team_venue_form') }} as earlier
    where earlier.team_id = state.team_id and {{ is_home }}
    order by earlier.latest_match_date desc
    limit 1
) as {{ venue }} on true
{%- endfor %}
left join {{ ref('int_plain_points_tables') }} as tables
    on
        state.league = tables.league
        and state.season = tables.season
        and state.team_id = tables.team_id
        and tables.next_match_date = date 'infinity'
