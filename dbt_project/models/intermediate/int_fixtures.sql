-- Grain: one row per match listed in fixtures.csv. A fixture takes the next meeting number of its pair, so it keeps its
-- id when it moves and when it becomes a match. Played ones stay in the list for a while: as of an earlier instant they
-- were still to come. A match recorded a day from its listed day is the listed one. The source keeps the old line of a
-- postponed match: of the lines of one match the earliest still to come on the day of the list counts, else the latest.
with named as (
    {{ with_team_ids(ref('stg_fixtures')) }}
),

identified as (
    select
        named.*,
        {{ match_id(['named.league', 'named.season', 'named.home_id', 'named.away_id', '1 + earlier.meetings']) }}
            as match_id,
        1 + earlier.meetings as meeting
    from named
    cross join lateral (
        select count(*) as meetings
        from {{ ref('int_matches') }} as played
        where
            played.status <> 'void'
            and played.league = named.league
            and played.season = named.season
            and played.home_id = named.home_id
            and played.away_id = named.away_id
            and played.match_date < named.match_date - 1
    ) as earlier
)

select distinct on (match_id)
    match_id,
    league,
    season,
    country,
    tier,
    match_date,
    {{ kickoff('match_date', 'kickoff_time') }} as kickoff,
    kickoff_time is not null as kickoff_known,
    home_id,
    away_id,
    home_name,
    away_name,
    meeting,
    opening_odds_home,
    opening_odds_draw,
    opening_odds_away,
    match_id in (select played.match_id from {{ ref('int_matches') }} as played) as is_played
from identified
order by
    match_id asc,
    match_date >= listed_on desc,
    case when match_date >= listed_on then match_date end asc,
    match_date desc
