"""League tables."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
import psycopg
from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from footpred_dagster.core.domain import LEAGUES
from serving import repository
from serving.controllers.operation import TABLE, gives, operation
from serving.http.encoded_response import etag_matches, header
from serving.http.errors import Problem
from serving.http.negotiation import CSV, JSON, as_csv
from serving.schemas.matches import Table, TableLine
from serving.service_call import call_of

COLUMNS = (
    *("league", "season", "table_date", "is_final", "position", "team_id", "team", "played", "won", "drawn", "lost"),
    *("goals_for", "goals_against", "goal_difference", "points", "points_won", "points_adjustment", "points_halved"),
    *("phase", "zone"),
)
SeasonOf = Annotated[
    str | None,
    QueryParameter(
        max_length=7, pattern=r"^[0-9-]*$", description="2023-24, its site code 2324, or 2024; by default the newest"
    ),
]


@operation(
    get,
    "/leagues/{code:str}/table",
    gives(Table, "The table."),
    "unknown-league",
    "unknown-season",
    "not-computed",
    "database-busy",
    scope="read",
    tag="matches",
    formats=TABLE,
    not_modified=True,
)
async def get_table(request: Request[Any, Any, Any], code: FromPath[str], season: SeasonOf = None) -> Response[Any]:
    """The table of a league's season by its own rules: deductions, tiebreakers, splits. JSON or CSV, by Accept.

    Its ETag changes when it does, not while its data ages.
    """
    call = call_of(request.scope)
    kind, service = call.representation, call.service
    if code not in LEAGUES:
        raise Problem("unknown-league", f"codes are {', '.join(LEAGUES)}")
    stored = None
    if season:
        try:
            stored = str(LEAGUES[code].season(season))
        except ValueError as error:
            raise Problem("unknown-season", str(error)) from error
    try:
        found = await repository.table(service.database, service.clubs.team, code, stored)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise Problem("not-computed", "no table was made yet") from None
    if found is None:
        raise Problem("unknown-season", f"no results of {code} {stored or ''}".rstrip() + " are loaded")
    content = msgspec.json.encode(found)
    etag = f'W/"{hashlib.sha256(kind.encode() + content).hexdigest()[:32]}"'
    headers = {"ETag": etag}
    asked = header(request.scope, b"if-none-match")
    if asked is not None and not service.age.stale and etag_matches(asked, etag):
        return Response(b"", status_code=304, headers=headers)
    if kind == CSV:
        rows = (_flat(found, line) for line in found.lines)
        return Response(as_csv(rows, COLUMNS), media_type=f"{CSV}; header=present", headers=headers)
    found = msgspec.structs.replace(found, data_age_seconds=service.age.seconds())
    return Response(found, headers=headers, media_type=JSON)


def _flat(table: Table, line: TableLine) -> dict[str, Any]:
    whole = {"league": table.league, "season": table.season, "table_date": table.table_date.isoformat()}
    team = {"team_id": line.team.id, "team": line.team.name, "is_final": str(table.is_final).lower()}
    return {name: getattr(line, name, None) for name in COLUMNS} | whole | team
