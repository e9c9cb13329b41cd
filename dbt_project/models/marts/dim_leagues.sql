-- Grain: one row per league followed, loaded or not.
-- Behind ratings, and with them behind the checks that block.
-- depends_on: {{ source('ratings', 'team_elo') }}
with seasons as (
    select
        league,
        season,
        sum(played) / 2 as matches
    from {{ ref('int_plain_points_tables') }}
    where next_match_date = 'infinity'
    group by league, season
)

select
    leagues.league,
    leagues.name,
    leagues.country,
    leagues.tier,
    leagues.calendar,
    min(seasons.season) as first_season,
    max(seasons.season) as latest_season,
    coalesce(sum(seasons.matches), 0)::bigint as matches
from {{ ref('leagues') }} as leagues
left join seasons on leagues.league = seasons.league
group by leagues.league, leagues.name, leagues.country, leagues.tier, leagues.calendar
