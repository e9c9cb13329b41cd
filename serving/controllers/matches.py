"""Matches, teams and leagues."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
import psycopg
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.domain.disclaimer import DISCLAIMER
from serving import repository
from serving.controllers.filters import known_league, known_seasons, known_team
from serving.controllers.operation import LIST, gives, operation
from serving.http.errors import Problem
from serving.http.negotiation import CSV, JSON, NDJSON, lines, table
from serving.http.openapi import DATABASE
from serving.http.pagination import cursor_of, link, place_of
from serving.schemas.matches import Match, MatchPage, Projection, TeamAnswer
from serving.schemas.predictions import Model
from serving.service_call import call_of


def _word(description: str) -> QueryParameter:
    return QueryParameter(max_length=100, pattern=r"^[^\x00]*$", description=description)


SHOWN = 5
COLUMNS = (
    *("match_id", "league", "season", "match_date", "kickoff", "kickoff_known", "status"),
    *("home_id", "home", "away_id", "away", "home_goals", "away_goals"),
    *("home_display_name", "away_display_name", "status_decided_by", "ruling"),
)
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="Items on a page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, pattern="^[A-Za-z0-9_-]+$", description="`next` of the page before")
]
League = Annotated[str | None, _word("Code of a league, as /leagues/ lists them")]
Season = Annotated[str | None, _word("2024-25, its site code 2425, or 2024")]
TeamId = Annotated[str | None, _word("Id of a team, as /teams/ lists them")]
From = Annotated[date | None, QueryParameter(name="from", description="Not before this UK date")]
To = Annotated[date | None, QueryParameter(name="to", description="Not after this UK date")]


@operation(
    get,
    "/matches/",
    gives(MatchPage, "A page, by kickoff."),
    "unknown-league",
    "unknown-season",
    "unknown-team",
    "unknown-cursor",
    *DATABASE,
    scope="read",
    tag="matches",
    formats=LIST,
)
async def list_matches(
    request: Request[Any, Any, Any],
    league: League = None,
    season: Season = None,
    team: TeamId = None,
    status: Annotated[Literal["fixture", "played", "awarded", "void"] | None, QueryParameter()] = None,
    start: From = None,
    end: To = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[Any]:
    """Matches and fixtures by league, season, team, status and day. JSON, NDJSON or CSV, by Accept."""
    call = call_of(request.scope)
    kind, service = call.representation, call.service
    code = known_league(league)
    filters: dict[str, Any] = {
        "league": code,
        "season": known_seasons(season, code),
        "team": known_team(service, team),
        "status": status,
        "from": start,
        "to": end,
    }
    if place := place_of(cursor):
        filters |= {"kickoff": place[0], "match_id": place[1]}
    found = await repository.matches(service.database, service.clubs.team, filters, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursor_of(last.kickoff, last.match_id) if last else None
    page = found[:limit]
    if kind == CSV:
        return table((_flat(match) for match in page), COLUMNS, link(following))
    if kind == NDJSON:
        return lines(map(msgspec.json.encode, page), link(following))
    return Response(MatchPage(page, following, service.age.seconds()), headers=link(following), media_type=JSON)


def _flat(match: Match) -> dict[str, Any]:
    teams = {
        "home_id": match.home.id,
        "home": match.home.name,
        "away_id": match.away.id,
        "away": match.away.name,
        "home_display_name": match.home.display_name,
        "away_display_name": match.away.display_name,
        "kickoff_known": str(match.kickoff_known).lower(),
    }
    return {name: getattr(match, name, None) for name in COLUMNS} | teams | {"kickoff": match.kickoff.isoformat()}


@operation(
    get, "/teams/{team_id:str}", gives(TeamAnswer, "The team."), "unknown-team", *DATABASE, scope="read", tag="matches"
)
async def get_team(request: Request[Any, Any, Any], team_id: FromPath[str]) -> TeamAnswer:
    """A team: where it plays, its form and rating, its last five matches and its next five."""
    service = call_of(request.scope).service
    row = await repository.team(service.database, team_id) if "\0" not in team_id else None
    if row is None:
        raise Problem("unknown-team", "no team has this id", suggestions=service.online.near(team_id))
    recent = await repository.matches_of(service.database, service.clubs.team, team_id, SHOWN, to_come=False)
    upcoming = await repository.matches_of(service.database, service.clubs.team, team_id, SHOWN, to_come=True)
    return TeamAnswer(
        id=row["team_id"],
        name=row["name"],
        display_name=row.get("display_name", row["name"]),
        city=row.get("city"),
        country=row["country"],
        league=row["league"],
        season=row["season"],
        first_season=row["first_season"],
        matches=row["matches"],
        elo=row["elo"],
        form=row["form"],
        recent=recent,
        upcoming=upcoming,
        data_age_seconds=service.age.seconds(),
    )


@operation(
    get,
    "/leagues/{code:str}/projection",
    gives(Projection, "The newest projection."),
    "unknown-league",
    "not-computed",
    *DATABASE,
    scope="read",
    tag="matches",
)
async def get_projection(request: Request[Any, Any, Any], code: FromPath[str]) -> Projection:
    """Where the season of a league may end, club by club."""
    service = call_of(request.scope).service
    if code not in LEAGUES:
        raise Problem("unknown-league", f"codes are {', '.join(LEAGUES)}")
    try:
        found = await repository.projection(service.database, service.clubs.team, code)
    except psycopg.errors.UndefinedTable:
        found = None
    if found is None:
        raise Problem("not-computed", "no season of this league was projected yet")
    common, clubs = found
    return Projection(
        league=common["league"],
        season=common["season"],
        results_to=common["results_to"],
        label=common["label"],
        simulations=common["simulations"],
        model=Model(common["model_name"], common["model_version"]),
        as_of=common["as_of"],
        teams=clubs,
        disclaimer=DISCLAIMER,
        data_age_seconds=service.age.seconds(),
    )
