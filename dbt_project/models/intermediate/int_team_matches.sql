-- Grain: two rows per match of the spine, one from each team's side.
-- `matches_before` counts the team's played matches dated before this one's date: it names the form row to join.
with sides as (
    select
        match_id,
        match_date,
        kickoff,
        is_played,
        true as is_home,
        home_id as team_id,
        home_goals as goals_for,
        away_goals as goals_against,
        home_shots_on_target as shots_on_target_for,
        away_shots_on_target as shots_on_target_against
    from {{ ref('int_match_spine') }}

    union all

    select
        match_id,
        match_date,
        kickoff,
        is_played,
        false as is_home,
        away_id as team_id,
        away_goals as goals_for,
        home_goals as goals_against,
        away_shots_on_target as shots_on_target_for,
        home_shots_on_target as shots_on_target_against
    from {{ ref('int_match_spine') }}
)

select
    *,
    case
        when goals_for > goals_against then 3
        when goals_for = goals_against then 1
        when goals_for < goals_against then 0
    end as points,
    count(goals_for) over (
        partition by team_id
        order by match_date
        range between unbounded preceding and interval '1 day' preceding
    ) as matches_before
from sides
