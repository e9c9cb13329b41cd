{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[{'columns': ['team_id', 'matches_played']}, {'columns': ['team_id', 'latest_match_date']}],
        pre_hook=["{{ plan_for_size() }}", "{{ begin_build(['int_team_matches']) }}", "{{ forget(['team_id'], 'latest_match_date') }}"],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}
-- Grain: one row per team and match it has played: its form once that match is over, `matches_played` matches in.
-- A match reads the row whose `matches_played` equals its own `matches_before`, so nothing of its own day gets in.
with played as (
    {{ played_with_run_up(['team_id'], 10) }}
),

form as (
    select
        team_id,
        match_date as latest_match_date,
        kickoff as latest_kickoff,
        matches_before + 1 as matches_played,
        {{ means(var('form_metrics'), var('form_windows')) }},
        is_new
    from played
    window
        last_5 as (partition by team_id order by match_date, match_id rows between 4 preceding and current row),
        last_10 as (partition by team_id order by match_date, match_id rows between 9 preceding and current row)
)

select
    team_id,
    latest_match_date,
    latest_kickoff,
    matches_played,
    {{ names(var('form_metrics'), var('form_windows')) }}
from form
where is_new
