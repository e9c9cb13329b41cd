-- Coming matches as loaded, renamed: one row per line of fixtures.csv.
select
    league,
    {{ season_of('match_date') }} as season,
    match_date,
    kickoff_time,
    home as home_name,
    away as away_name,
    avg_h as opening_odds_home,
    avg_d as opening_odds_draw,
    avg_a as opening_odds_away
from {{ source('raw', 'fixtures') }}
