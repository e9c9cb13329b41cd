"""Which teams and leagues there are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter

from footpred_dagster.core.clubs.search import Club
from serving import repository
from serving.controllers.filters import known_league
from serving.controllers.matches import Cursor, League, Limit
from serving.controllers.operation import LIST, gives, operation
from serving.http.errors import Problem
from serving.http.negotiation import CSV, JSON, NDJSON, lines, table
from serving.http.openapi import DATABASE
from serving.http.pagination import link, page_after
from serving.schemas.directory import LeagueEntry, LeaguePage, TeamEntry, TeamPage
from serving.service_call import call_of

MOST_FOUND = 100
TEAM_COLUMNS = ("id", "name", "display_name", "city", "country", "league", "aliases")
LEAGUE_COLUMNS = ("code", "name", "country", "tier", "calendar", "matches", "seasons")
Query = Annotated[
    str | None,
    QueryParameter(
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="A name, an alias, a city or initials; accents and typing errors are allowed for",
    ),
]


@operation(
    get,
    "/teams/",
    gives(TeamPage, "A page; the best match first."),
    "unknown-league",
    "unknown-cursor",
    "not-built",
    scope="read",
    tag="matches",
    formats=LIST,
)
async def list_teams(
    request: Request[Any, Any, Any],
    q: Query = None,
    league: League = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[Any]:
    """Teams by how well they match `q`, at most 100 of them; without `q` all teams by name. JSON, NDJSON or CSV, by
    Accept."""
    call = call_of(request.scope)
    kind, service = call.representation, call.service
    search = service.clubs.search
    if not search.clubs:
        raise Problem("not-built", "footpred run builds it", headers={"Retry-After": "60"})
    code = known_league(league)
    if q is None:
        found = [club for club in search.by_name if code in (None, club.league)]
    else:
        found = search.find(q, MOST_FOUND, None if code is None else [code])
    clubs, following = page_after(found, cursor, limit, lambda club: club.team_id)
    page = list(map(_entry, clubs))
    if kind == CSV:
        rows = (msgspec.structs.asdict(item) | {"aliases": "|".join(item.aliases)} for item in page)
        return table(rows, TEAM_COLUMNS, link(following))
    if kind == NDJSON:
        return lines(map(msgspec.json.encode, page), link(following))
    return Response(TeamPage(page, following, service.age.seconds()), headers=link(following), media_type=JSON)


def _entry(club: Club) -> TeamEntry:
    names = (club.team_id, club.name, club.display_name)
    return TeamEntry(*names, club.city, club.country, club.league, list(club.aliases))


@operation(
    get,
    "/leagues/",
    gives(LeaguePage, "A page, by country and tier."),
    "unknown-cursor",
    *DATABASE,
    scope="read",
    tag="matches",
    formats=LIST,
)
async def list_leagues(request: Request[Any, Any, Any], cursor: Cursor = None, limit: Limit = 100) -> Response[Any]:
    """Leagues and the seasons on record of each. JSON, NDJSON or CSV, by Accept."""
    call = call_of(request.scope)
    kind, service = call.representation, call.service
    leagues = await repository.leagues(service.database)
    page, following = page_after(leagues, cursor, limit, _code)
    if kind == CSV:
        rows = (msgspec.structs.asdict(item) | {"seasons": "|".join(item.seasons)} for item in page)
        return table(rows, LEAGUE_COLUMNS, link(following))
    if kind == NDJSON:
        return lines(map(msgspec.json.encode, page), link(following))
    return Response(LeaguePage(page, following, service.age.seconds()), headers=link(following), media_type=JSON)


def _code(league: LeagueEntry) -> str:
    return league.code
