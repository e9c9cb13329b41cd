{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[{'columns': ['league', 'season', 'next_match_date']}],
        pre_hook=["{{ plan_for_size() }}", "{{ begin_build(['int_team_matches']) }}", "{{ forget_tables() }}"],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}, {{ ref('int_matches') }}
-- Grain: one row per club and day on which its league played: the league's table that evening, of the clubs that have
-- played. It stands until `next_match_date`, whose matches may read it; infinity for the latest.
with played as (
    select
        league,
        season,
        team_id,
        match_date,
        goals_for,
        goals_against,
        points
    from {{ ref('int_team_matches') }}
    where
        is_played
        {%- if is_incremental() %}
        and match_id in (
            select matches.match_id
            from {{ changed(['league', 'season']) }} as changed
            inner join {{ ref('int_matches') }} as matches
                on changed.league = matches.league and changed.season = matches.season
        )
        {%- endif %}
),

match_days as (
    select distinct
        league,
        season,
        match_date
    from played
),

days as (
    select
        league,
        season,
        match_date as table_date,
        coalesce(
            lead(match_date) over (partition by league, season order by match_date), date 'infinity'
        ) as next_match_date
    from match_days
),

clubs as (
    select
        league,
        season,
        team_id,
        min(match_date) as first_match_date
    from played
    group by league, season, team_id
),

evenings as (
    select
        days.league,
        days.season,
        days.table_date,
        days.next_match_date,
        clubs.team_id,
        count(played.team_id) over so_far as played,
        count(*) filter (where played.points = 3) over so_far as won,
        count(*) filter (where played.points = 1) over so_far as drawn,
        count(*) filter (where played.points = 0) over so_far as lost,
        coalesce(sum(played.points) over so_far, 0) as points,
        coalesce(sum(played.goals_for) over so_far, 0) as goals_for,
        coalesce(sum(played.goals_against) over so_far, 0) as goals_against
    from clubs
    inner join days
        on
            clubs.league = days.league
            and clubs.season = days.season
            and clubs.first_match_date <= days.table_date
    left join played
        on
            clubs.league = played.league
            and clubs.season = played.season
            and clubs.team_id = played.team_id
            and days.table_date = played.match_date
    window so_far as (partition by clubs.league, clubs.season, clubs.team_id order by days.table_date)
),

ranked as (
    select
        *,
        rank() over (
            partition by league, season, table_date
            order by points desc, goals_for - goals_against desc, goals_for desc
        ) as position
    from evenings
)
{%- if is_incremental() %},

affected as (
    select ranked.*
    from {{ changed(['league', 'season']) }} as changed
    inner join ranked on changed.league = ranked.league and changed.season = ranked.season
    where ranked.next_match_date >= changed.from_date
)
{%- endif %}

select *
from {{ 'affected' if is_incremental() else 'ranked' }}
