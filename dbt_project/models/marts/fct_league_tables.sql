{{ config(materialized='view') }}
-- Grain: one row per club, league and season: its line of the table after the latest result, by the rules of that
-- season. A view: footpred table adjust changes standings between two builds.
select
    standings.league,
    standings.season,
    standings.table_date,
    standings.place::bigint as position,
    standings.team_id,
    teams.name as team_name,
    standings.played::bigint as played,
    standings.won::bigint as won,
    standings.drawn::bigint as drawn,
    standings.lost::bigint as lost,
    standings.goals_for::bigint as goals_for,
    standings.goals_against::bigint as goals_against,
    (standings.goals_for - standings.goals_against)::bigint as goal_difference,
    standings.points::bigint as points,
    standings.points_won::bigint as points_won,
    standings.points_adjustment::bigint as points_adjustment,
    standings.points_halved::bigint as points_halved,
    standings.phase,
    standings.zone,
    standings.is_final
from {{ source('ratings', 'standings') }} as standings
inner join {{ ref('dim_teams') }} as teams on standings.team_id = teams.team_id
