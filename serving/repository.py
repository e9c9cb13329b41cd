"""What is read from the database for a request; values always as parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from psycopg import sql

from serving.database import Database
from serving.schemas.directory import LeagueEntry
from serving.schemas.matches import Form, Match, PointsAdjustment, ProjectedTeam, Table, TableLine
from serving.schemas.problem import Team

_MATCH = sql.SQL("""
    select match_id, league, season, match_date, kickoff, kickoff_known, status, home_id, home_name, away_id,
        away_name, home_goals, away_goals, status_decided_by, ruling
    from marts.fct_matches
""")
_FILTERS = {
    "league": sql.SQL("league = %(league)s"),
    "season": sql.SQL("season = any(%(season)s)"),
    "status": sql.SQL("status = %(status)s"),
    "team": sql.SQL("(home_id = %(team)s or away_id = %(team)s)"),
    "from": sql.SQL("match_date >= %(from)s"),
    "to": sql.SQL("match_date <= %(to)s"),
    "kickoff": sql.SQL("(kickoff, match_id) > (%(kickoff)s, %(match_id)s)"),
}
_TEAM = sql.SQL("""
    select teams.*, state.elo, form.results_last_5, form.points_last_5, form.goals_for_last_5,
        form.goals_against_last_5, form.latest_match_date
    from marts.dim_teams as teams
    left join marts.fct_team_form as form using (team_id)
    left join features.online_team_state as state on teams.team_id = state.team_id and teams.league = state.league
    where teams.team_id = %(team)s
""")
_OF_TEAM = sql.SQL("""
    {match} where status = any(%(statuses)s) and home_id = %(team)s
    union all
    {match} where status = any(%(statuses)s) and away_id = %(team)s
    order by kickoff {order}, match_id limit %(limit)s
""")
_LEAGUES = sql.SQL("""
    select leagues.league, leagues.name, leagues.country, leagues.tier, leagues.calendar, leagues.matches,
        array(
            select distinct tables.season from marts.fct_league_tables as tables
            where tables.league = leagues.league order by tables.season desc
        ) as seasons
    from marts.dim_leagues as leagues order by leagues.country, leagues.tier, leagues.league
""")
_PROJECTION = sql.SQL(
    "select * from predictions.latest_projections where league = %(league)s order by place, team_name"
)


_LINE = tuple(name for name in TableLine.__struct_fields__ if name != "team")
_TABLE = sql.SQL("""
    select season, table_date, is_final, position, team_id, team_name, played, won, drawn, lost, goals_for,
        goals_against, goal_difference, points, points_won, points_adjustment, points_halved, phase, zone
    from marts.fct_league_tables
    where league = %(league)s and season = coalesce(
        %(season)s, (select max(season) from marts.fct_league_tables where league = %(league)s)
    )
    order by position, team_name
""")
_ADJUSTMENTS = sql.SQL("""
    select team_id, team_name, points, effective_on, reason, source from marts.fct_points_adjustments
    where league = %(league)s and season = %(season)s and effective_on <= current_date
    order by effective_on, team_name
""")

Named = Callable[[str, str], Team]
"""A team of its id and the source's name."""


async def matches(database: Database, named: Named, filters: Mapping[str, Any], limit: int) -> list[Match]:
    """By kickoff; ``filters`` by the names of _FILTERS, None for none."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [_FILTERS[name] for name in given if name in _FILTERS] or [sql.SQL("true")]
    query = sql.SQL("{} where {} order by kickoff, match_id limit %(limit)s").format(
        _MATCH, sql.SQL(" and ").join(conditions)
    )
    return [_match(row, named) for row in await database.rows(query, {**given, "limit": limit})]


async def team(database: Database, team_id: str) -> dict[str, Any] | None:
    """A row of dim_teams, its Elo and its Form; None when nobody goes by the id."""
    rows = await database.rows(_TEAM, {"team": team_id})
    if not rows:
        return None
    row = rows[0]
    form = None
    if row["results_last_5"] is not None:
        points, scored, conceded = (row[f"{name}_last_5"] for name in ("points", "goals_for", "goals_against"))
        form = Form(row["results_last_5"], points, scored, conceded, row["latest_match_date"])
    return {**row, "form": form}


async def matches_of(database: Database, named: Named, team_id: str, limit: int, *, to_come: bool) -> list[Match]:
    """Fixtures of a team soonest first, or played and awarded matches newest first."""
    order = sql.SQL("asc" if to_come else "desc")
    statuses = ["fixture"] if to_come else ["played", "awarded"]
    query = _OF_TEAM.format(match=_MATCH, order=order)
    values = {"team": team_id, "statuses": statuses, "limit": limit}
    return [_match(row, named) for row in await database.rows(query, values)]


async def leagues(database: Database) -> list[LeagueEntry]:
    """Every league followed, by country and tier, with its seasons on record."""
    return [LeagueEntry(*row.values()) for row in await database.rows(_LEAGUES, {})]


async def projection(
    database: Database, named: Named, league: str
) -> tuple[dict[str, Any], list[ProjectedTeam]] | None:
    """The newest projection of a league: what is common to its rows, and a line for each club."""
    rows = await database.rows(_PROJECTION, {"league": league})
    if not rows:
        return None
    clubs = [
        ProjectedTeam(
            named(row["team_id"], row["team_name"]),
            row["place"],
            row["played"],
            row["points"],
            row["expected_points"],
            row["points_sd"],
            row["positions"],
            row["zones"],
        )
        for row in rows
    ]
    return rows[0], clubs


async def table(database: Database, named: Named, league: str, season: str | None) -> Table | None:
    """The table of a season, of the newest where it is None; None when no result of it is loaded."""
    rows = await database.rows(_TABLE, {"league": league, "season": season})
    if not rows:
        return None
    first = rows[0]
    adjustments = await database.rows(_ADJUSTMENTS, {"league": league, "season": first["season"]})
    return Table(
        league,
        first["season"],
        first["table_date"],
        first["is_final"],
        [
            TableLine(team=named(row["team_id"], row["team_name"]), **{name: row[name] for name in _LINE})
            for row in rows
        ],
        [
            PointsAdjustment(
                named(row["team_id"], row["team_name"]),
                row["points"],
                row["effective_on"],
                row["reason"],
                row["source"],
            )
            for row in adjustments
        ],
    )


def _match(row: Mapping[str, Any], named: Named) -> Match:
    day: date = row["match_date"]
    kickoff: datetime = row["kickoff"]
    return Match(
        row["match_id"],
        row["league"],
        row["season"],
        day,
        kickoff,
        row["kickoff_known"],
        row["status"],
        named(row["home_id"], row["home_name"]),
        named(row["away_id"], row["away_name"]),
        row["home_goals"],
        row["away_goals"],
        row["status_decided_by"],
        row["ruling"],
    )
