{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        indexes=[{'columns': ['match_id']}, {'columns': ['league', 'kickoff']}],
        pre_hook=[
            "{{ plan_for_size(joining=true) }}",
            "{{ begin_build(['int_team_form', 'int_team_venue_form', 'int_head_to_head', 'int_plain_points_tables', 'ratings']) }}",
            "{{ forget_countries() }}",
        ],
        post_hook="{{ end_build() }}",
    )
}}
-- depends_on: {{ ref('int_changes') }}, {{ ref('leagues') }}
-- Grain: one row per played match and per fixture: what was known on the morning of its day. One statement for both,
-- so that what a model learns from and what it predicts from cannot differ.
{%- set sides = ['home', 'away'] %}
with spine as (
    {%- if is_incremental() %}
    select spine.*
    from {{ changed(['country']) }} as changed
    inner join {{ ref('int_match_spine') }} as spine
        on changed.country = spine.country and changed.from_date <= spine.match_date
    where spine.is_played

    union all

    select *
    from {{ ref('int_match_spine') }}
    where not is_played
    {%- else %}
    select *
    from {{ ref('int_match_spine') }}
    {%- endif %}
),

-- Ratings and divisions of a country are made of all its matches of earlier days.
days as (
    select
        country,
        match_date,
        max(max(kickoff) filter (where is_played)) over (
            partition by country order by match_date rows between unbounded preceding and 1 preceding
        ) as latest_input
    from {{ ref('int_match_spine') }}
    group by country, match_date
),

-- A day on which nobody of the league has played yet reads the table that stands until the next one.
dated as (
    select
        spine.*,
        case
            when spine.is_played then spine.match_date
            else (
                select min(tables.next_match_date)
                from {{ ref('int_plain_points_tables') }} as tables
                where
                    tables.league = spine.league
                    and tables.season = spine.season
                    and tables.next_match_date >= spine.match_date
            )
        end as table_until
    from spine
)

select
    dated.match_id,
    dated.league,
    dated.season,
    dated.kickoff,
    days.latest_input,
    dated.is_played,
    team_elo.home_elo,
    team_elo.away_elo,
    team_elo.elo_difference,
    team_pi.home_pi,
    team_pi.away_pi,
    team_pi.pi_difference,
    team_strength.home_attack,
    team_strength.home_defence,
    team_strength.away_attack,
    team_strength.away_defence,
    team_strength.home_log_goals,
    team_strength.away_log_goals,
    team_strength.log_goals_difference,
    team_strength.poisson_home,
    team_strength.poisson_away,
    team_strength.log_shots_on_target_difference,
    team_strength.log_shots_on_target_sum,
    team_strength.log_shots_difference,
    team_strength.log_shots_sum,
    team_strength.log_corners_difference,
    team_strength.log_corners_sum,
    team_strength.home_momentum,
    team_strength.away_momentum,
    team_strength.home_short_momentum,
    team_strength.away_short_momentum,
    team_strength.home_venue_momentum,
    team_strength.away_venue_momentum,
    {%- for side in sides %}
    {{ side }}.matches_before as {{ side }}_matches_played,
    {%- endfor %}
    {%- for side in sides %}
    dated.match_date - {{ side }}_form.latest_match_date as {{ side }}_rest_days,
    {%- endfor %}
    {%- for side in sides %}
    coalesce({{ side }}_table.played, 0) as {{ side }}_table_matches,
    {{ side }}_table.position as {{ side }}_table_position,
    {{ side }}_table.points::double precision / {{ side }}_table.played as {{ side }}_table_points,
    {%- endfor %}
    home.meetings_before as head_to_head_meetings,
    head_to_head.points_last_5 as head_to_head_points_last_5,
    {{ form_columns('home_form', 'home', var('form_metrics'), var('form_windows')) }},
    {{ form_columns('home_venue_form', 'home_venue', var('venue_metrics'), [10]) }},
    {{ form_columns('away_form', 'away', var('form_metrics'), var('form_windows')) }},
    {{ form_columns('away_venue_form', 'away_venue', var('venue_metrics'), [10]) }}
from dated
inner join days on dated.country = days.country and dated.match_date = days.match_date
inner join {{ source('ratings', 'team_elo') }} as team_elo on dated.match_id = team_elo.match_id
inner join {{ source('ratings', 'team_pi') }} as team_pi on dated.match_id = team_pi.match_id
inner join {{ source('ratings', 'team_strength') }} as team_strength on dated.match_id = team_strength.match_id
inner join {{ ref('int_team_matches') }} as home on dated.match_id = home.match_id and home.is_home
inner join {{ ref('int_team_matches') }} as away on dated.match_id = away.match_id and not away.is_home
{%- for side in sides %}
left join {{ ref('int_team_form') }} as {{ side }}_form
    on {{ side }}.team_id = {{ side }}_form.team_id and {{ side }}.matches_before = {{ side }}_form.matches_played
left join {{ ref('int_team_venue_form') }} as {{ side }}_venue_form
    on
        {{ side }}.team_id = {{ side }}_venue_form.team_id
        and {{ side }}.is_home = {{ side }}_venue_form.is_home
        and {{ side }}.venue_matches_before = {{ side }}_venue_form.matches_played
left join {{ ref('int_plain_points_tables') }} as {{ side }}_table
    on
        dated.league = {{ side }}_table.league
        and dated.season = {{ side }}_table.season
        and {{ side }}.team_id = {{ side }}_table.team_id
        and dated.table_until = {{ side }}_table.next_match_date
{%- endfor %}
left join {{ ref('int_head_to_head') }} as head_to_head
    on
        home.team_id = head_to_head.team_id
        and home.opponent_id = head_to_head.opponent_id
        and home.meetings_before = head_to_head.meetings
