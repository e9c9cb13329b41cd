-- Grain: one row per club and season in which it played: its league, and whether it moved there. Derived from who
-- plays where, so no list of promotions is kept. The season before is the one before it in that country as loaded: this
-- holds for seasons of either calendar.
with per_league as (
    select
        tables.team_id,
        leagues.country,
        tables.season,
        tables.league,
        leagues.tier,
        tables.played as matches
    from {{ ref('int_plain_points_tables') }} as tables
    inner join {{ ref('leagues') }} as leagues on tables.league = leagues.league
    where tables.next_match_date = 'infinity'
),

seasons as (
    select distinct
        country,
        season,
        dense_rank() over (partition by country order by season) as number
    from per_league
),

-- A club in two competitions of one season (a league and a cup) belongs to the one it plays most.
chosen as (
    select distinct on (per_league.team_id, per_league.season)
        per_league.*,
        seasons.number
    from per_league
    inner join seasons on per_league.country = seasons.country and per_league.season = seasons.season
    order by
        per_league.team_id asc,
        per_league.season asc,
        per_league.matches desc,
        per_league.tier asc,
        per_league.league asc
),

compared as (
    select
        *,
        lag(number) over club as number_before,
        lag(tier) over club as tier_before
    from chosen
    window club as (partition by team_id order by number)
)

select
    team_id,
    season,
    country,
    league,
    tier,
    matches,
    case
        when number_before is null then 'new'
        when number_before < number - 1 then 'returned'
        when tier < tier_before then 'promoted'
        when tier > tier_before then 'relegated'
        else 'stayed'
    end as moved
from compared
