-- Coming matches as loaded, renamed: one row per line of fixtures.csv. listed_on: the day the source last answered with
-- this list, in London.
with answers as (
    select (max(fetched_at) at time zone 'Europe/London')::date as listed_on
    from {{ source('raw', 'fetches') }}
    where path = 'fixtures.csv'
)

select
    fixtures.league,
    {{ season_of('fixtures.match_date', 'leagues.calendar') }} as season,
    fixtures.match_date,
    fixtures.kickoff_time,
    fixtures.home as home_name,
    fixtures.away as away_name,
    fixtures.avg_h as opening_odds_home,
    fixtures.avg_d as opening_odds_draw,
    fixtures.avg_a as opening_odds_away,
    answers.listed_on
from {{ source('raw', 'fixtures') }} as fixtures
inner join {{ ref('leagues') }} as leagues on fixtures.league = leagues.league
cross join answers
