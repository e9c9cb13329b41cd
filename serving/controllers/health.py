"""Whether the process lives, whether it can work, and its metrics: open to everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from litestar import MediaType, Request, Response, get
from litestar.openapi import ResponseSpec
from msgspec import Struct

from serving import metrics
from serving.call import call_of
from serving.openapi import public_problems
from serving.service import Service


class Alive(Struct, frozen=True):
    status: Literal["alive"] = "alive"


class Readiness(Struct, frozen=True):
    """``degraded``: it works, but not with the champion or not with all its data; ``problems`` say why."""

    status: Literal["ready", "degraded", "unavailable"]
    database: bool
    model: str | None
    predictions: int
    loaded_at: datetime | None
    data_age_seconds: int | None
    problems: list[str]


@get("/healthcheck/", responses=public_problems(), tags=["service"], operation_id="healthcheck")
async def healthcheck() -> Alive:
    """Whether the process answers at all; nothing else is looked at."""
    return Alive()


@get(
    "/readyz",
    responses=public_problems() | {503: ResponseSpec(Readiness, generate_examples=False, description="unavailable")},
    tags=["service"],
    operation_id="readyz",
)
async def readyz(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """Whether it can do its work: 503 while the database does not answer."""
    found = readiness(call_of(request.scope).service)
    return Response(found, status_code=200 if found.database else 503, media_type=MediaType.JSON)


@get("/metrics", responses=public_problems(), tags=["service"], operation_id="metrics", media_type=MediaType.TEXT)
async def exposition() -> Response[bytes]:
    """Metrics for Prometheus."""
    page, kind = metrics.exposition()
    return Response(page, media_type=kind.partition("; charset")[0])


def readiness(service: Service) -> Readiness:
    champion, up = service.champion, service.database.up
    problems = [] if up else ["the database does not answer"]
    problems += [champion.problem] if champion.problem else []
    status: Literal["ready", "degraded", "unavailable"] = "degraded" if problems else "ready"
    loaded = champion.loaded.version if champion.loaded else None
    return Readiness(
        status if up else "unavailable",
        up,
        f"{loaded.name}:{loaded.version}" if loaded else None,
        len(service.snapshot.by_id),
        service.snapshot.loaded_at,
        service.age.seconds(),
        problems,
    )
