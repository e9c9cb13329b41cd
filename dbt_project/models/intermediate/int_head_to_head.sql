{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['team_id', 'opponent_id', 'meetings']}, {'columns': ['team_id', 'latest_match_date']},
        ],
        pre_hook=["{{ plan_for_size() }}", "{{ begin_build(['int_team_matches']) }}", "{{ forget(['team_id'], 'latest_match_date') }}"],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}
-- Grain: one row per team and match it has played: how it fared against that opponent, at either venue, once the match
-- is over. A match reads the row of its pair whose `meetings` equals its own `meetings_before`.
with played as (
    {{ played_with_run_up(['team_id', 'opponent_id'], 5) }}
),

meetings as (
    select
        team_id,
        opponent_id,
        match_date as latest_match_date,
        meetings_before + 1 as meetings,
        {{ means(['points'], [5]) }},
        is_new
    from played
    window last_5 as (
        partition by team_id, opponent_id order by match_date, match_id rows between 4 preceding and current row
    )
)

select
    team_id,
    opponent_id,
    latest_match_date,
    meetings,
    points_last_5
from meetings
where is_new
