{{ config(materialized='view') }}
-- Grain: one row per points adjustment that counts. What a user stated for a club and season is its total there and
-- replaces the rows of the seed.
with listed as (
    select
        league,
        season,
        team_id,
        points,
        effective_on,
        reason,
        source
    from {{ ref('points_adjustments') }}
),

stated as (
    select
        league,
        season,
        team_id,
        points,
        effective_on,
        reason,
        'stated by footpred table adjust' as source
    from {{ source('raw', 'stated_adjustments') }}
)

select listed.*
from listed
left join stated
    on
        listed.league = stated.league
        and listed.season = stated.season
        and listed.team_id = stated.team_id
where stated.team_id is null

union all

select *
from stated
