{# Every non-null value lies within [low, high]. #}
{% test between(model, column_name, low, high) %}
    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} < {{ low }} or {{ column_name }} > {{ high }}
{% endtest %}

{# The columns together name at most one row. #}
{% test unique_together(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# Both relations hold the same number of rows. #}
{% test same_row_count(model, compare_to) %}
    select ours.n, theirs.n
    from (select count(*) as n from {{ model }}) as ours
    cross join (select count(*) as n from {{ compare_to }}) as theirs
    where ours.n <> theirs.n
{% endtest %}

{# Every row of `compare_to` is a row of the model, but for those of a pending name or a held season. #}
{% test no_match_lost(model, compare_to) %}
    select ours.n, theirs.n
    from (select count(*) as n from {{ model }}) as ours
    cross join (
        select count(*) as n
        from {{ compare_to }} as games
        inner join {{ ref('leagues') }} as leagues on games.league = leagues.league
        where not exists (
            select from {{ source('intermediate', 'club_names') }} as names
            where
                names.status = 'pending'
                and names.country = leagues.country
                and names.season = games.season
                and names.name in (games.home_name, games.away_name)
        )
        and not exists (
            select from {{ source('intermediate', 'held_seasons') }} as held
            where held.league = games.league and held.season = games.season
        )
    ) as theirs
    where ours.n <> theirs.n
{% endtest %}

{# The column is strictly before `other` wherever both are known. #}
{% test earlier_than(model, column_name, other) %}
    select {{ column_name }}, {{ other }}
    from {{ model }}
    where {{ column_name }} >= {{ other }}
{% endtest %}
