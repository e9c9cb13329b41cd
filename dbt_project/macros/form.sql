{# Matches the team of relation `sides` had played on earlier days, within `keys`: what the incremental build finds in
   place, all of it played, counts first. #}
{% macro played_before(keys, count) -%}
    count(goals_for) over (
        partition by {{ keys | join(', ') }}
        order by match_date
        range between unbounded preceding and interval '1 day' preceding
    )
    {%- if is_incremental() %}
    + coalesce((
        select kept.{{ count }} + 1
        from {{ this }} as kept
        where {% for key in keys %}kept.{{ key }} = sides.{{ key }} and {% endfor %}kept.match_date < sides.match_date
        order by kept.match_date desc
        limit 1
    ), 0)
    {%- endif %}
{%- endmacro %}

{# The team matches a form model reads: played ones. Incrementally those from the first changed day on, with a run-up of
   as many before them, within `keys`, as the longest window reaches back; `is_new` tells them apart. #}
{% macro played_with_run_up(keys, longest) -%}
    {%- if is_incremental() -%}
    select
        played.*,
        played.match_date >= starts.from_date as is_new
    from (
        select distinct
            {% for key in keys %}later.{{ key }}, {% endfor %}changed.from_date
        from {{ changed(['team_id']) }} as changed
        inner join {{ ref('int_team_matches') }} as later
            on changed.team_id = later.team_id and changed.from_date <= later.match_date
        where later.is_played
    ) as starts
    cross join lateral (
        select coalesce((
            select earlier.match_date
            from {{ ref('int_team_matches') }} as earlier
            where
                {% for key in keys %}earlier.{{ key }} = starts.{{ key }} and {% endfor %}
                earlier.match_date < starts.from_date
            order by earlier.match_date desc
            limit 1
            offset {{ longest - 1 }}
        ), date '-infinity') as first_day
    ) as run_up
    inner join {{ ref('int_team_matches') }} as played
        on
            {% for key in keys %}starts.{{ key }} = played.{{ key }} and {% endfor %}
            run_up.first_day <= played.match_date
    where played.is_played
    {%- else -%}
    select
        *,
        true as is_new
    from {{ ref('int_team_matches') }}
    where is_played
    {%- endif -%}
{%- endmacro %}

{# Means of `metrics` over each of the windows, as `points_last_5`, from a model that defines windows `last_5`, ... #}
{% macro means(metrics, windows) -%}
    {%- set columns = [] -%}
    {%- for window in windows -%}
        {%- for metric in metrics -%}
            {%- do columns.append('avg(' ~ metric ~ '::double precision) over last_' ~ window ~ ' as ' ~ metric ~ '_last_' ~ window) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n    ') }}
{%- endmacro %}

{# The names of those columns. #}
{% macro names(metrics, windows) -%}
    {%- set columns = [] -%}
    {%- for window in windows -%}
        {%- for metric in metrics -%}
            {%- do columns.append(metric ~ '_last_' ~ window) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n    ') }}
{%- endmacro %}

{# The same columns read from `relation`, named `home_points_last_5` and so on. #}
{% macro form_columns(relation, side, metrics, windows) -%}
    {%- set columns = [] -%}
    {%- for window in windows -%}
        {%- for metric in metrics -%}
            {%- set column = metric ~ '_last_' ~ window -%}
            {%- do columns.append(relation ~ '.' ~ column ~ ' as ' ~ side ~ '_' ~ column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ columns | join(',\n    ') }}
{%- endmacro %}
