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
-- Grain: one row per match that was ever on a results file, with the identity it keeps, and per match that a ruling
-- awarded before any file had it. Rulings come first, then what the row looks like (see raw.matches.looks_awarded).
-- `meeting` counts the played and awarded matches of an ordered pair in a season, because several divisions play more
-- than one round at home. Void matches (no score, or annulled) get ids of their own and never count as a meeting.
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

rulings as (
    select
        rulings.*,
        leagues.country as country_of_league,
        leagues.tier as tier_of_league,
        home.name as home_known_as,
        away.name as away_known_as
    from {{ source('intermediate', 'match_rulings') }} as rulings
    inner join {{ ref('leagues') }} as leagues on rulings.league = leagues.league
    {%- for side in ('home', 'away') %}
    left join lateral (
        select min(names.name) as name
        from {{ source('intermediate', 'club_names') }} as names
        where
            leagues.country = names.country
            and rulings.season = names.season
            and rulings.{{ side }}_id = names.team_id
    ) as {{ side }} on true
    {%- endfor %}
    where
        not exists (
            select from {{ source('intermediate', 'held_seasons') }} as held
            where rulings.league = held.league and rulings.season = held.season
        )
        {%- if is_incremental() %}
        and (rulings.league, rulings.season) in (
            select
                changed.league,
                changed.season
            from {{ changed(['league', 'season']) }} as changed
        )
        {%- endif %}
),

ruled as (
    select
        coalesce(named.league, rulings.league) as league,
        coalesce(named.season, rulings.season) as season,
        coalesce(named.match_date, rulings.match_date) as match_date,
        coalesce(named.home_id, rulings.home_id) as home_id,
        coalesce(named.away_id, rulings.away_id) as away_id,
        coalesce(named.country, rulings.country_of_league) as country,
        coalesce(named.tier, rulings.tier_of_league) as tier,
        named.kickoff_time,
        coalesce(named.home_name, rulings.home_known_as) as home_name,
        coalesce(named.away_name, rulings.away_known_as) as away_name,
        coalesce(rulings.home_goals, named.home_goals) as home_goals,
        coalesce(rulings.away_goals, named.away_goals) as away_goals,
        rulings.reason as ruling,
        coalesce(rulings.decided_by, case when named.looks_awarded then 'rule' else 'source' end) as status_decided_by,
        case
            when coalesce(rulings.home_goals, named.home_goals) is null then 'void'
            else coalesce(rulings.status, case when named.looks_awarded then 'awarded' else 'played' end)
        end as status,
        named.home_goals_half_time,
        named.away_goals_half_time,
        named.home_shots,
        named.away_shots,
        named.home_shots_on_target,
        named.away_shots_on_target,
        named.home_corners,
        named.away_corners,
        named.home_fouls,
        named.away_fouls,
        named.home_yellows,
        named.away_yellows,
        named.home_reds,
        named.away_reds,
        named.opening_odds_home,
        named.opening_odds_draw,
        named.opening_odds_away,
        named.closing_odds_home,
        named.closing_odds_draw,
        named.closing_odds_away
    from named
    full join rulings
        on
            named.league = rulings.league
            and named.season = rulings.season
            and named.match_date = rulings.match_date
            and named.home_id = rulings.home_id
            and named.away_id = rulings.away_id
    where
        named.home_name is not null
        -- A club of that name plays in that season: a ruling alone adds no club to a league.
        or (
            rulings.status = 'awarded'
            and rulings.home_goals is not null
            and rulings.home_known_as is not null
            and rulings.away_known_as is not null
        )
),

counted as (
    select
        *,
        status <> 'void' as counts,
        row_number() over (
            partition by league, season, home_id, away_id, status <> 'void'
            order by match_date
        ) as meeting
    from ruled
)

select
    case
        when counts then {{ match_id(['league', 'season', 'home_id', 'away_id', 'meeting']) }}
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
    case when counts then meeting end as meeting,
    status,
    status_decided_by,
    ruling,
    case when counts then home_goals end as home_goals,
    case when counts then away_goals end as away_goals,
    -- What models learn from and are judged by: of what was played alone.
    case when status = 'played' then (1 - sign(home_goals - away_goals))::int end as outcome,
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
    coalesce(closing_odds_away, case when season < '2019-20' then opening_odds_away end) as closing_odds_away,
    closing_odds_home is null and season < '2019-20' and opening_odds_home is not null as closing_is_opening
from counted
