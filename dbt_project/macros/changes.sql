{#
Incremental models build again what changed and nothing else. raw.changes lists which clubs' lines a load changed, and
from which day on; int_changes gives them their ids. Each model keeps a mark in intermediate.build_marks: how far it has
taken the list in. A build covers what its parents have taken in and it has not, so a build that failed half way is done
again whole. What is older than the code of this project is built anew (footpred passes --full-refresh).
#}

{# Pre-hook: where this build ends. Without parents it is the end of raw.changes as it stands. #}
{% macro begin_build(parents=[]) -%}
    insert into intermediate.build_marks (model, building)
    select
        '{{ this.name }}',
        {%- if parents %}
        (select min(change_id) from intermediate.build_marks where model in ('{{ parents | join("', '") }}'))
        {%- else %}
        (select coalesce(max(change_id), 0) from raw.changes)
        {%- endif %}
    on conflict (model) do update set building = excluded.building
{%- endmacro %}

{# Post-hook, in the transaction that writes the rows. #}
{% macro end_build() -%}
    {%- if not is_incremental() -%}
    -- What reads a new table next must not take it for a small one.
    analyze {{ this }};
    {%- endif %}
    update intermediate.build_marks
    set change_id = building, code = '{{ env_var("FOOTPRED_DBT_CODE_" ~ (this.name | upper), "by hand") }}'
    where model = '{{ this.name }}'
{%- endmacro %}

{# The first changed day per club, or whatever `keys` name, among the changes this build covers. #}
{% macro changed(keys) -%}
    (
        select {{ keys | join(', ') }}, min(from_date) as from_date
        from {{ ref('int_changes') }}
        inner join intermediate.build_marks on build_marks.model = '{{ this.name }}'
        where int_changes.change_id > build_marks.change_id and int_changes.change_id <= build_marks.building
        group by {{ keys | join(', ') }}
    )
{%- endmacro %}

{# Pre-hook: delete the rows this build writes again, from the first changed day on; `also` names further ones. #}
{% macro forget(keys, day, also='false') -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as old where {{ also }};
    delete from {{ this }} as old using {{ changed(keys) }} as changed
    where
        {% for key in keys %}old.{{ key }} = changed.{{ key }} and {% endfor %}
        old.{{ day }} >= changed.from_date
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of models that are built a season of a league at a time. #}
{% macro forget_seasons() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as old using {{ changed(['league', 'season']) }} as changed
    where old.league = changed.league and old.season = changed.season
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of int_plain_points_tables: the table that stood until the first changed day stands until another one now. #}
{% macro forget_tables() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as old using {{ changed(['league', 'season']) }} as changed
    where
        old.league = changed.league
        and old.season = changed.season
        and old.next_match_date >= changed.from_date
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of features: ratings carry a change to every club of the country. #}
{% macro forget_countries() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} where not is_played;
    delete from {{ this }} as old
    using {{ changed(['country']) }} as changed, {{ ref('leagues') }} as leagues
    where
        old.league = leagues.league
        and leagues.country = changed.country
        and old.kickoff >= (changed.from_date::timestamp at time zone 'Europe/London')
    {%- endif -%}
{%- endmacro %}

{# Pre-hook: the planner cannot know how few rows an incremental build is about, and would read whole tables for them.
   `joining` many tables, it would also rather read a whole index of one than look up what it needs. A build of
   everything sorts and hashes half a million rows, in memory if it may. #}
{% macro plan_for_size(joining=false) -%}
    {%- if not is_incremental() -%}
    set local work_mem = '256MB'
    {%- else -%}
    {%- if joining %}
    set local enable_hashjoin = off;
    set local enable_mergejoin = off;
    {%- endif %}
    set local enable_seqscan = off
    {%- endif -%}
{%- endmacro %}
