"""Matches with what was predicted for them: sealed where the ledger has it, else out-of-season backtests."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboards.reader import Reader, Row
from footpred_dagster.core.domain.odds import power_devig

PAGE = 50

CHAMPION = """
    champion as (
        select versions.name, versions.version, versions.recipe
        from models.decisions inner join models.versions using (name, version)
        order by promotion_id desc limit 1
    )"""
COLUMNS = """
    matches.match_id, matches.league, leagues.name as league_name, leagues.country, matches.season,
    matches.match_date, matches.kickoff, matches.kickoff_known, matches.status, matches.ruling,
    matches.home_id, coalesce(home.display_name, matches.home_name) as home_name,
    matches.away_id, coalesce(away.display_name, matches.away_name) as away_name,
    matches.home_goals, matches.away_goals, matches.outcome,
    matches.opening_odds_home, matches.opening_odds_draw, matches.opening_odds_away,
    matches.closing_odds_home, matches.closing_odds_draw, matches.closing_odds_away,
    coalesce(served.kind, case when past.match_id is not null then 'backtest' end) as kind,
    coalesce(served.p_home, past.p_home) as p_home, coalesce(served.p_draw, past.p_draw) as p_draw,
    coalesce(served.p_away, past.p_away) as p_away,
    coalesce(served.model_name, past.model) as model_name, served.model_version, served.as_of, served.sealed_at,
    served.rate_home, served.rate_away, served.rate_correction, served.reasons"""
JOINED = """
    inner join marts.dim_leagues as leagues on leagues.league = matches.league
    left join marts.dim_teams as home on home.team_id = matches.home_id
    left join marts.dim_teams as away on away.team_id = matches.away_id
    left join predictions.served_ever as served on served.match_id = matches.match_id
    left join champion on true
    left join models.walk_forward as past
        on past.match_id = matches.match_id and past.model = champion.name and past.recipe = champion.recipe"""
UNLISTED = """(
        select match_id, league, season, (kickoff at time zone 'Europe/London')::date as match_date, kickoff,
            kickoff_known, 'unlisted' as status, null as ruling, home_id, home_name, away_id, away_name,
            null::integer as home_goals, null::integer as away_goals, null::integer as outcome,
            odds_home as opening_odds_home, odds_draw as opening_odds_draw, odds_away as opening_odds_away,
            null::float8 as closing_odds_home, null::float8 as closing_odds_draw, null::float8 as closing_odds_away
        from predictions.served where not listed
    )"""
WHERE = """
    where matches.status = any(%(statuses)s)
        and (%(league)s::text is null or matches.league = %(league)s)
        and (%(season)s::text is null or matches.season = %(season)s)
        and (%(teams)s::text[] is null or matches.home_id = any(%(teams)s) or matches.away_id = any(%(teams)s))"""


def fixtures(reader: Reader, league: str | None, teams: list[str] | None, limit: int, offset: int = 0) -> list[Row]:
    """Matches still to come, soonest first."""
    return _listed(reader, ["fixture"], "asc", (league, None, teams), limit, offset)


def played(
    reader: Reader, league: str | None, season: str | None, teams: list[str] | None, limit: int, offset: int = 0
) -> list[Row]:
    """Matches with a result, awarded ones among them, newest first."""
    return _listed(reader, ["played", "awarded"], "desc", (league, season, teams), limit, offset)


def _listed(
    reader: Reader,
    statuses: list[str],
    order: str,
    which: tuple[str | None, str | None, list[str] | None],
    limit: int,
    skip: int,
) -> list[Row]:
    # The page of matches is cut first: predictions are looked up for its rows alone.
    query = f"""
        with {CHAMPION}, chosen as (
            select * from marts.fct_matches as matches {WHERE}
            order by kickoff {order}, league, home_id limit %(limit)s offset %(skip)s
        )
        select {COLUMNS} from chosen as matches {JOINED}
        order by matches.kickoff {order}, matches.league, matches.home_id"""  # noqa: S608 - constants of this module
    league, season, teams = which
    params = {"statuses": statuses, "league": league, "season": season, "teams": teams, "limit": limit, "skip": skip}
    return reader.rows(query, params)


def match(reader: Reader, match_id: str) -> Row | None:
    """A match, also one that was predicted and is listed no longer."""
    for known in ("marts.fct_matches", UNLISTED):
        query = f"""
            with {CHAMPION} select {COLUMNS} from {known} as matches {JOINED}
            where matches.match_id = %(match_id)s"""  # noqa: S608 - constants of this module
        if row := reader.row(query, {"match_id": match_id}):
            return row
    return None


def latest(reader: Reader, team_id: str, before: Row, limit: int = 10) -> list[Row]:
    """A club's matches before the day of ``before``, newest first."""
    return reader.rows(
        """
        select matches.match_id, matches.league, matches.match_date,
            matches.home_id, coalesce(home.display_name, matches.home_name) as home_name,
            matches.away_id, coalesce(away.display_name, matches.away_name) as away_name,
            matches.home_goals, matches.away_goals,
            case when matches.home_id = %(team)s then (array['W', 'D', 'L'])[matches.outcome + 1]
                else (array['L', 'D', 'W'])[matches.outcome + 1] end as result
        from marts.fct_matches as matches
        left join marts.dim_teams as home on home.team_id = matches.home_id
        left join marts.dim_teams as away on away.team_id = matches.away_id
        where (matches.home_id = %(team)s or matches.away_id = %(team)s) and matches.status = 'played'
            and matches.match_date < %(day)s
        order by matches.match_date desc limit %(limit)s
        """,
        {"team": team_id, "day": before["match_date"], "limit": limit},
    )


def meetings(reader: Reader, before: Row, limit: int = 10) -> list[Row]:
    """Earlier matches of the same two clubs, newest first."""
    return reader.rows(
        """
        select matches.match_id, matches.league, matches.season, matches.match_date,
            matches.home_id, coalesce(home.display_name, matches.home_name) as home_name,
            matches.away_id, coalesce(away.display_name, matches.away_name) as away_name,
            matches.home_goals, matches.away_goals
        from marts.fct_matches as matches
        left join marts.dim_teams as home on home.team_id = matches.home_id
        left join marts.dim_teams as away on away.team_id = matches.away_id
        where matches.status = 'played' and matches.match_date < %(day)s
            and ((matches.home_id = %(home)s and matches.away_id = %(away)s)
                or (matches.home_id = %(away)s and matches.away_id = %(home)s))
        order by matches.match_date desc limit %(limit)s
        """,
        {"day": before["match_date"], "home": before["home_id"], "away": before["away_id"], "limit": limit},
    )


def market_line(row: Row, when: str) -> tuple[float, float, float] | None:
    """De-vigged probabilities of the ``opening`` or ``closing`` odds of a match; None without three odds."""
    odds = [row[f"{when}_odds_{side}"] for side in ("home", "draw", "away")]
    line: Any = power_devig(np.array([[np.nan if price is None else price for price in odds]], dtype=float))[0]
    return (float(line[0]), float(line[1]), float(line[2])) if np.isfinite(line).all() else None
