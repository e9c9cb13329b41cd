{{ config(indexes=[{'columns': ['team_id'], 'unique': true}]) }}
-- Grain: one row per club that has played or is to play.
-- Behind ratings, and with them behind the checks that block.
-- depends_on: {{ source('ratings', 'team_elo') }}
with on_record as (
    select
        team_id,
        min(season) as first_season,
        sum(played)::bigint as matches
    from {{ ref('int_plain_points_tables') }}
    where next_match_date = 'infinity'
    group by team_id
),

latest_seasons as (
    select distinct on (team_id) *
    from {{ ref('int_team_seasons') }}
    order by team_id asc, season desc
),

-- One look at the end of an index per club: a sort of all matches by club would take longer than all else here.
latest_matches as (
    select
        on_record.team_id,
        newest.match_id,
        newest.is_home
    from on_record
    cross join lateral (
        select
            played.match_id,
            played.is_home
        from {{ ref('int_team_matches') }} as played
        where played.team_id = on_record.team_id and played.is_played
        order by played.match_date desc
        limit 1
    ) as newest
),

to_play as (
    select
        match_date,
        country,
        league,
        season,
        home_id as team_id,
        home_name as name
    from {{ ref('int_fixtures') }}

    union all

    select
        match_date,
        country,
        league,
        season,
        away_id as team_id,
        away_name as name
    from {{ ref('int_fixtures') }}
),

newcomers as (
    select distinct on (to_play.team_id) to_play.*
    from to_play
    left join on_record on to_play.team_id = on_record.team_id
    where on_record.team_id is null
    order by to_play.team_id asc, to_play.match_date asc
),

listed as (
    select
        latest_seasons.team_id,
        case when latest_matches.is_home then results.home_name else results.away_name end as name,
        latest_seasons.country,
        latest_seasons.league,
        latest_seasons.season,
        latest_seasons.moved,
        on_record.first_season,
        on_record.matches
    from latest_seasons
    inner join on_record on latest_seasons.team_id = on_record.team_id
    inner join latest_matches on latest_seasons.team_id = latest_matches.team_id
    inner join {{ ref('int_matches') }} as results on latest_matches.match_id = results.match_id

    union all

    select
        team_id,
        name,
        country,
        league,
        season,
        'new' as moved,
        season as first_season,
        0 as matches
    from newcomers
),

spellings as (
    select
        team_id,
        string_agg(distinct spelling, '|' order by spelling) as aliases
    from (
        select
            team_id,
            name as spelling
        from {{ ref('team_aliases') }}

        union all

        select
            team_id,
            regexp_split_to_table(also, '[|]') as spelling
        from {{ ref('clubs') }}
        where also is not null
    ) as known
    group by team_id
)

select
    listed.team_id,
    listed.name,
    coalesce(clubs.name, listed.name) as display_name,
    clubs.city,
    coalesce(spellings.aliases, listed.name) as aliases,
    listed.country,
    listed.league,
    listed.season,
    listed.moved,
    listed.first_season,
    listed.matches
from listed
left join {{ ref('clubs') }} as clubs on listed.team_id = clubs.team_id
left join spellings on listed.team_id = spellings.team_id
