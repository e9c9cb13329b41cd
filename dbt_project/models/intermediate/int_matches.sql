{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[
            {'columns': ['match_id']}, {'columns': ['league', 'season']}, {'columns': ['country', 'match_date']},
            {'columns': ['home_id', 'match_date']}, {'columns': ['away_id', 'match_date']},
        ],
        pre_hook=["{{ plan_for_size() }}", "{{ begin_build() }}", "{{ forget_seasons() }}"],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}
-- Grain: one row per match that was ever on a results file, with the identity it keeps.
-- `meeting` counts the played matches of an ordered pair in a season, because several divisions play more than one
-- round at home. Void matches (no score) get ids of their own and never count as a meeting.
with named as (
    {{ with_team_ids(ref('stg_matches')) }}
    {%- if is_incremental() %}
    -- A season at a time: meetings are numbered within it.
    where (games.league, games.season) in (
        select
            changed.league,
            changed.season
        from {{ changed(['league', 'season']) }} as changed
    )
    {%- endif %}
),

counted as (
    select
        *,
        home_goals is not null as is_played,
        row_number() over (
            partition by league, season, home_id, away_id, home_goals is not null
            order by match_date
        ) as meeting
    from named
)

select
    case
        when is_played then {{ match_id(['league', 'season', 'home_id', 'away_id', 'meeting']) }}
        else {{ match_id(['league', 'season', 'home_id', 'away_id', "'void'", 'match_date']) }}
    end as match_id,
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
    case when is_played then meeting end as meeting,
    case when is_played then 'played' else 'void' end as status,
    home_goals,
    away_goals,
    case
        when home_goals > away_goals then 0
        when home_goals = away_goals then 1
        when home_goals < away_goals then 2
    end as outcome,
    home_goals_half_time,
    away_goals_half_time,
    home_shots,
    away_shots,
    home_shots_on_target,
    away_shots_on_target,
    home_corners,
    away_corners,
    home_fouls,
    away_fouls,
    home_yellows,
    away_yellows,
    home_reds,
    away_reds,
    opening_odds_home,
    opening_odds_draw,
    opening_odds_away,
    -- Before 2019-20 main divisions have one published average, taken before kickoff: it stands for both lines. Extra
    -- leagues have closing odds alone, in every season.
    coalesce(closing_odds_home, case when season < '2019-20' then opening_odds_home end) as closing_odds_home,
    coalesce(closing_odds_draw, case when season < '2019-20' then opening_odds_draw end) as closing_odds_draw,
    coalesce(closing_odds_away, case when season < '2019-20' then opening_odds_away end) as closing_odds_away
from counted
