{{ config(materialized='view') }}
-- Grain: one row per match that is rated and given features: played ones, and fixtures with their result unknown.
select
    match_id,
    league,
    season,
    country,
    tier,
    match_date,
    kickoff,
    home_id,
    away_id,
    home_goals,
    away_goals,
    home_shots,
    away_shots,
    home_shots_on_target,
    away_shots_on_target,
    home_corners,
    away_corners,
    true as is_played
from {{ ref('int_matches') }}
where status = 'played'

union all

select
    match_id,
    league,
    season,
    country,
    tier,
    match_date,
    kickoff,
    home_id,
    away_id,
    null as home_goals,
    null as away_goals,
    null as home_shots,
    null as away_shots,
    null as home_shots_on_target,
    null as away_shots_on_target,
    null as home_corners,
    null as away_corners,
    false as is_played
from {{ ref('int_fixtures') }}
where not is_played
