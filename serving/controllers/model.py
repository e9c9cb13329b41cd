"""Which model predicts, who stands ready, and why."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.openapi import ResponseSpec

from footpred_dagster.core.domain.disclaimer import DISCLAIMER
from serving.authentication import needs
from serving.http.negotiation import accepted
from serving.http.openapi import SECURITY, problems
from serving.http.request_context import call_of
from serving.schemas.model import LoadedVersion, ModelInfo
from serving.service import Service


@get(
    "/predict/model/info",
    middleware=needs("read"),
    responses={
        200: ResponseSpec(ModelInfo, generate_examples=False, description="Champion, challengers, decision."),
        **problems(),
    },
    security=SECURITY,
    tags=["models"],
    operation_id="get_model_info",
)
async def get_model_info(request: Request[Any, Any, Any]) -> ModelInfo:
    """The champion, what is loaded here, the challengers, and the newest decision with every gate it was made by."""
    accepted(request.headers.get("accept"))
    service: Service = call_of(request.scope).service
    loaded, facts = service.champion.loaded, service.facts
    told = (
        LoadedVersion(loaded.version.name, loaded.version.version, loaded.loaded_at, loaded.difference)
        if loaded
        else None
    )
    return ModelInfo(
        facts.champion, told, service.champion.problem, facts.challengers, facts.decision, DISCLAIMER, service.age.stale
    )
