"""Two sources about the same matches: where they disagree, and the names no alias resolves."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

# Matches of a pair are numbered by date on both sides, because several divisions play more than one round at home. Of
# theirs, those that were not played take no number.
_PAIRED = """
    with theirs as (
        select
            schedule.*,
            home.team_id as home_id,
            away.team_id as away_id
        from raw.openfootball_matches as schedule
        inner join staging.leagues as leagues on schedule.league = leagues.league
        left join staging.team_aliases as home
            on leagues.country = home.country and schedule.home = home.name
            and schedule.season between coalesce(home.first_season, '') and coalesce(home.last_season, 'z')
        left join staging.team_aliases as away
            on leagues.country = away.country and schedule.away = away.name
            and schedule.season between coalesce(away.first_season, '') and coalesce(away.last_season, 'z')
    ),
    numbered as (
        select
            *,
            row_number() over (partition by league, season, home_id, away_id order by match_date) as meeting
        from theirs
        where home_id is not null and away_id is not null
            and (status is null or status = 'awarded' or home_goals is not null)
    ),
    newest as (
        select league, season, max(match_date) as match_date
        from intermediate.int_matches where status = 'played' group by 1, 2
    )
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """compared: matches both sources have played.

    disagreements: (league, season, home, away, what, theirs, ours) with what = score, date or missing; ``missing`` are
    matches they have a result of, dated before our newest of that season, that we do not have.
    unresolved: (country, name) of theirs that team_aliases.csv does not know; their matches are not compared.
    """

    compared: int
    disagreements: list[tuple[str, ...]]
    unresolved: list[tuple[str, str]]


def compare(connection: psycopg.Connection) -> Comparison:
    """Hold every loaded schedule against the results; needs the intermediate layer."""
    paired = connection.execute(
        _PAIRED  # noqa: S608 - a constant
        + """
        select numbered.league, numbered.season, numbered.home, numbered.away,
            numbered.match_date::text, ours.match_date::text,
            numbered.home_goals || '-' || numbered.away_goals, ours.home_goals || '-' || ours.away_goals
        from numbered
        inner join newest using (league, season)
        left join intermediate.int_matches as ours
            on numbered.league = ours.league and numbered.season = ours.season
            and numbered.home_id = ours.home_id and numbered.away_id = ours.away_id
            and numbered.meeting = ours.meeting and ours.status in ('played', 'awarded')
        where ours.match_id is not null
            or (numbered.home_goals is not null and numbered.match_date < newest.match_date)
        order by 1, 2, numbered.match_date, 3
        """
    ).fetchall()
    disagreements: list[tuple[str, ...]] = []
    compared = 0
    for *match, their_day, our_day, their_score, our_score in paired:
        if our_day is None:
            disagreements.append((*match, "missing", f"{their_day} {their_score}", "none"))
            continue
        compared += their_score is not None
        if their_score is not None and their_score != our_score:
            disagreements.append((*match, "score", their_score, our_score))
        if their_score is not None and their_day != our_day:
            disagreements.append((*match, "date", their_day, our_day))
    unresolved = connection.execute("""
        select distinct leagues.country, names.name
        from raw.openfootball_matches as schedule
        cross join lateral (values (schedule.home), (schedule.away)) as names (name)
        inner join staging.leagues as leagues on schedule.league = leagues.league
        where not exists (
            select from staging.team_aliases as known
            where known.country = leagues.country and known.name = names.name
        )
        order by 1, 2
    """).fetchall()
    return Comparison(compared, disagreements, unresolved)
