{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[
            {'columns': ['match_id']}, {'columns': ['league', 'season', 'match_date']},
            {'columns': ['home_id', 'match_date']}, {'columns': ['away_id', 'match_date']},
            {'columns': ['status', 'kickoff']},
        ],
        pre_hook=[
            "{{ plan_for_size() }}",
            "{{ begin_build(['int_matches']) }}",
            "{{ forget(['league', 'season'], 'match_date', also=\"old.status = 'fixture'\") }}",
        ],
        post_hook="{{ end_build() }}",
    )
}}
-- Behind ratings, and with them behind the checks that block.
-- depends_on: {{ ref('int_changes') }}, {{ source('ratings', 'team_elo') }}
-- Grain: one row per match ever on a results file and per fixture, as a reader wants it.
with fixtures as (
    select *
    from {{ ref('int_fixtures') }}
    where not is_played
)
{%- if is_incremental() %},

changed_results as (
    select results.*
    from {{ changed(['league', 'season']) }} as changed
    inner join {{ ref('int_matches') }} as results
        on
            changed.league = results.league
            and changed.season = results.season
            and changed.from_date <= results.match_date
)
{%- endif %}

select
    match_id,
    league,
    season,
    match_date,
    kickoff,
    kickoff_known,
    status,
    status_decided_by,
    ruling,
    home_id,
    home_name,
    away_id,
    away_name,
    home_goals,
    away_goals,
    outcome,
    home_goals_half_time,
    away_goals_half_time,
    home_shots,
    away_shots,
    home_shots_on_target,
    away_shots_on_target,
    home_corners,
    away_corners,
    home_yellows,
    away_yellows,
    home_reds,
    away_reds,
    opening_odds_home,
    opening_odds_draw,
    opening_odds_away,
    closing_odds_home,
    closing_odds_draw,
    closing_odds_away,
    closing_is_opening
from {{ 'changed_results' if is_incremental() else ref('int_matches') }}

union all

select
    match_id,
    league,
    season,
    match_date,
    kickoff,
    kickoff_known,
    'fixture' as status,
    'source' as status_decided_by,
    null as ruling,
    home_id,
    home_name,
    away_id,
    away_name,
    null as home_goals,
    null as away_goals,
    null as outcome,
    null as home_goals_half_time,
    null as away_goals_half_time,
    null as home_shots,
    null as away_shots,
    null as home_shots_on_target,
    null as away_shots_on_target,
    null as home_corners,
    null as away_corners,
    null as home_yellows,
    null as away_yellows,
    null as home_reds,
    null as away_reds,
    opening_odds_home,
    opening_odds_draw,
    opening_odds_away,
    null as closing_odds_home,
    null as closing_odds_draw,
    null as closing_odds_away,
    false as closing_is_opening
from fixtures
