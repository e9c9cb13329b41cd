{{ config(indexes=[{'columns': ['team_id'], 'unique': true}]) }}
-- Grain: one row per club that has played: its form after its latest match.
with latest_matches as (
    select
        teams.team_id,
        newest.match_date,
        newest.match_id,
        newest.points
    from {{ ref('dim_teams') }} as teams
    cross join lateral (
        select
            played.match_date,
            played.match_id,
            played.points
        from {{ ref('int_team_matches') }} as played
        where played.team_id = teams.team_id and played.is_played
        order by played.match_date desc, played.match_id desc
        limit 5
    ) as newest
),

results as (
    select
        team_id,
        string_agg(
            case points when 3 then 'W' when 1 then 'D' else 'L' end, '' order by match_date, match_id
        ) as last_5
    from latest_matches
    group by team_id
),

latest_form as (
    select newest.*
    from {{ ref('dim_teams') }} as teams
    cross join lateral (
        select form.*
        from {{ ref('int_team_form') }} as form
        where form.team_id = teams.team_id
        order by form.matches_played desc
        limit 1
    ) as newest
)

select
    teams.team_id,
    teams.name as team_name,
    teams.league,
    teams.season,
    latest_form.latest_match_date,
    latest_form.latest_kickoff,
    latest_form.matches_played,
    results.last_5 as results_last_5,
    {{ names(var('form_metrics'), var('form_windows')) }}
from {{ ref('dim_teams') }} as teams
inner join latest_form on teams.team_id = latest_form.team_id
inner join results on teams.team_id = results.team_id
