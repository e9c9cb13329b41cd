"""Which model predicts, who stands ready, and why."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from footpred_dagster.core.domain.disclaimer import DISCLAIMER
from serving.controllers.operation import gives, operation
from serving.schemas.model import LoadedVersion, ModelInfo
from serving.service_call import call_of


@operation(get, "/predict/model/info", gives(ModelInfo, "Champion, challengers, decision."), scope="read", tag="models")
async def get_model_info(request: Request[Any, Any, Any]) -> ModelInfo:
    """The champion, what is loaded here, the challengers, and the newest decision with every gate it was made by."""
    service = call_of(request.scope).service
    loaded, facts = service.champion.loaded, service.facts
    told = (
        LoadedVersion(loaded.version.name, loaded.version.version, loaded.loaded_at, loaded.difference)
        if loaded
        else None
    )
    return ModelInfo(
        facts.champion, told, service.champion.problem, facts.challengers, facts.decision, DISCLAIMER, service.age.stale
    )
