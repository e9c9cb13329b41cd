{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[{'columns': ['match_id']}, {'columns': ['team_id', 'match_date']}],
        pre_hook=[
            "{{ plan_for_size() }}",
            "{{ begin_build(['int_matches']) }}",
            "{{ forget(['team_id'], 'match_date', also='not old.is_played') }}",
        ],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}
-- Grain: two rows per match of the spine, one from each team's side.
-- The counts say how many matches the team had played on earlier days: in all, at this venue, against this opponent.
-- They name the rows of the form models that the match may read.
with sides as not materialized (
    select
        match_id,
        league,
        season,
        match_date,
        kickoff,
        is_played,
        true as is_home,
        home_id as team_id,
        away_id as opponent_id,
        home_goals as goals_for,
        away_goals as goals_against,
        home_shots_on_target as shots_on_target_for,
        away_shots_on_target as shots_on_target_against
    from {{ ref('int_match_spine') }}

    union all

    select
        match_id,
        league,
        season,
        match_date,
        kickoff,
        is_played,
        false as is_home,
        away_id as team_id,
        home_id as opponent_id,
        away_goals as goals_for,
        home_goals as goals_against,
        away_shots_on_target as shots_on_target_for,
        home_shots_on_target as shots_on_target_against
    from {{ ref('int_match_spine') }}
)
{%- if is_incremental() %},

affected as (
    select sides.*
    from {{ changed(['team_id']) }} as changed
    inner join sides on changed.team_id = sides.team_id and changed.from_date <= sides.match_date
    where sides.is_played

    union all

    select sides.*
    from sides
    where not sides.is_played
)
{%- endif %}

select
    *,
    case
        when goals_for > goals_against then 3
        when goals_for = goals_against then 1
        when goals_for < goals_against then 0
    end as points,
    {{ played_before(['team_id'], 'matches_before') }} as matches_before,
    {{ played_before(['team_id', 'is_home'], 'venue_matches_before') }} as venue_matches_before,
    {{ played_before(['team_id', 'opponent_id'], 'meetings_before') }} as meetings_before
from {{ 'affected' if is_incremental() else 'sides' }} as sides
