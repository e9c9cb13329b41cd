-- Grain: one row per played match and per fixture: what was known on the morning of its day. One statement for both,
-- so that what a model learns from and what it predicts from cannot differ.
select
    spine.match_id,
    spine.league,
    spine.season,
    spine.kickoff,
    greatest(home_form.latest_kickoff, away_form.latest_kickoff) as latest_input,
    elo.home_elo,
    elo.away_elo,
    elo.home_elo - elo.away_elo as elo_difference,
    strength.home_attack,
    strength.home_defence,
    strength.away_attack,
    strength.away_defence,
    strength.home_log_goals,
    strength.away_log_goals,
    strength.home_log_goals - strength.away_log_goals as log_goals_difference,
    strength.log_goals_variance,
    home.matches_before as home_matches_played,
    away.matches_before as away_matches_played,
    spine.match_date - home_form.latest_match_date as home_rest_days,
    spine.match_date - away_form.latest_match_date as away_rest_days,
    {{ form_columns('home') }},
    {{ form_columns('away') }}
from {{ ref('int_match_spine') }} as spine
inner join {{ source('ratings', 'team_elo') }} as elo on spine.match_id = elo.match_id
inner join {{ source('ratings', 'team_strength') }} as strength on spine.match_id = strength.match_id
inner join {{ ref('int_team_matches') }} as home on spine.match_id = home.match_id and home.is_home
inner join {{ ref('int_team_matches') }} as away on spine.match_id = away.match_id and not away.is_home
left join {{ ref('int_team_form') }} as home_form
    on spine.home_id = home_form.team_id and home.matches_before = home_form.matches_played
left join {{ ref('int_team_form') }} as away_form
    on spine.away_id = away_form.team_id and away.matches_before = away_form.matches_played
