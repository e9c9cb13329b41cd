{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['team_id', 'is_home', 'matches_played']}, {'columns': ['team_id', 'latest_match_date']},
        ],
        pre_hook=["{{ plan_for_size() }}", "{{ begin_build(['int_team_matches']) }}", "{{ forget(['team_id'], 'latest_match_date') }}"],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}
-- Grain: one row per team and match it has played: its form at that venue, at home or away, once that match is over.
-- A match reads the row of the venue its team plays at whose `matches_played` equals its own `venue_matches_before`.
with played as (
    {{ played_with_run_up(['team_id', 'is_home'], 10) }}
),

form as (
    select
        team_id,
        is_home,
        match_date as latest_match_date,
        venue_matches_before + 1 as matches_played,
        {{ means(var('venue_metrics'), [10]) }},
        is_new
    from played
    window last_10 as (
        partition by team_id, is_home order by match_date, match_id rows between 9 preceding and current row
    )
)

select
    team_id,
    is_home,
    latest_match_date,
    matches_played,
    {{ names(var('venue_metrics'), [10]) }}
from form
where is_new
