"""Whether the process lives, and whether it can work: open to everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from litestar import MediaType, Request, Response, get
from litestar.openapi import ResponseSpec
from msgspec import Struct

from serving.http.openapi import public_problems
from serving.service_call import call_of


class Alive(Struct, frozen=True):
    status: Literal["alive"] = "alive"


class Lookups(Struct, frozen=True):
    """``filling``: what lookups are answered from was not read yet. ``ending``: they are answered, but not for long."""

    status: Literal["ready", "filling", "ending"]


class Readiness(Struct, frozen=True):
    """``degraded``: it works, but not with the champion or not with all its data; ``problems`` say why."""

    status: Literal["ready", "degraded", "unavailable"]
    database: bool
    model: str | None
    predictions: int
    loaded_at: datetime | None
    data_age_seconds: int | None
    problems: list[str]


def _unavailable(kind: type[Struct], why: str) -> dict[int, ResponseSpec]:
    return {503: ResponseSpec(kind, generate_examples=False, description=why)}


@get("/healthcheck/", responses=public_problems(), tags=["service"], operation_id="healthcheck")
async def healthcheck() -> Alive:
    """Whether the process answers at all; nothing else is looked at."""
    return Alive()


@get(
    "/readyz/lookups",
    responses=public_problems() | _unavailable(Lookups, "filling or ending"),
    tags=["service"],
    operation_id="readyz_lookups",
)
async def readyz_lookups(request: Request[Any, Any, Any]) -> Response[Lookups]:
    """Whether lookups can be answered: 200 from the first time that memory was filled, until the service ends."""
    service = call_of(request.scope).service
    status: Literal["ready", "filling", "ending"] = "ready" if service.snapshot.loaded_at is not None else "filling"
    if service.ending.draining:
        status = "ending"
    return Response(Lookups(status), status_code=200 if status == "ready" else 503, media_type=MediaType.JSON)


@get(
    "/readyz",
    responses=public_problems() | _unavailable(Readiness, "unavailable"),
    tags=["service"],
    operation_id="readyz",
)
async def readyz(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """Whether it can do its work: 503 without database or champion and while it ends, 200 with `problems` otherwise."""
    service = call_of(request.scope).service
    loaded = service.champion.loaded.version if service.champion.loaded else None
    available = service.database.up and loaded is not None and not service.ending.draining
    problems = service.readiness.problems()
    status: Literal["ready", "degraded", "unavailable"] = "degraded" if problems else "ready"
    found = Readiness(
        status if available else "unavailable",
        service.database.up,
        f"{loaded.name}:{loaded.version}" if loaded else None,
        len(service.snapshot.by_id),
        service.snapshot.loaded_at,
        service.age.seconds(),
        problems,
    )
    return Response(found, status_code=200 if available else 503, media_type=MediaType.JSON)
