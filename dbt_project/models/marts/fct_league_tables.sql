{{ config(indexes=[{'columns': ['league', 'season']}, {'columns': ['team_id']}]) }}
-- Grain: one row per club, league and season: its line of the table after the latest evening of that season.
select
    tables.league,
    tables.season,
    tables.table_date,
    tables.position,
    tables.team_id,
    teams.name as team_name,
    tables.played,
    tables.won,
    tables.drawn,
    tables.lost,
    tables.goals_for,
    tables.goals_against,
    tables.goals_for - tables.goals_against as goal_difference,
    tables.points
from {{ ref('int_league_tables') }} as tables
inner join {{ ref('dim_teams') }} as teams on tables.team_id = teams.team_id
where tables.next_match_date = 'infinity'
