-- Grain: one row per team and match it has played: its form once that match is over, `matches_played` matches in.
-- A match reads the row whose `matches_played` equals its own `matches_before`, so nothing of its own day gets in.
select
    team_id,
    match_date as latest_match_date,
    kickoff as latest_kickoff,
    row_number() over (partition by team_id order by match_date, match_id) as matches_played,
    {{ form_means() }}
from {{ ref('int_team_matches') }}
where is_played
window
    last_5 as (partition by team_id order by match_date, match_id rows between 4 preceding and current row),
    last_10 as (partition by team_id order by match_date, match_id rows between 9 preceding and current row)
