"""The application: ``uvicorn serving.app:create_app --factory``. Nothing is loaded or connected before it starts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig

from serving.controllers import (
    batch,
    directory,
    health,
    leagues,
    ledger,
    livescores,
    matches,
    model,
    monitoring,
    predict,
    tasks,
)
from serving.controllers.predictions import list_cards, list_predictions
from serving.http import docs
from serving.http.errors import HANDLERS
from serving.http.openapi import config
from serving.http.request_checks import query_parameters
from serving.http.request_context import KEY_HEADER
from serving.logs import configure
from serving.middleware import Gateway
from serving.schemas.plugin import ExactRequests
from serving.service import Service
from serving.settings import ServiceSettings

MAX_BODY = 2**20
ROUTES = [
    docs.index,
    *(health.healthcheck, health.readyz, health.readyz_lookups),
    *(predict.get_prediction, predict.predict, batch.predict_batch),
    *(list_predictions, list_cards, ledger.get_ledger_head, model.get_model_info),
    *(directory.list_teams, directory.list_leagues),
    *(matches.list_matches, matches.get_team, matches.get_projection),
    leagues.get_table,
    *(livescores.get_livescores, livescores.stream_livescores),
    *(tasks.predict_async, tasks.get_task, tasks.cancel_task),
    *(monitoring.get_queues, monitoring.get_workers, monitoring.get_drift),
]
EXPOSED = ["ETag", "Location", "Retry-After", "X-Request-ID", "X-Next-Cursor"] + [
    f"RateLimit-{what}" for what in ("Limit", "Remaining", "Reset")
]


def create_app(settings: ServiceSettings | None = None) -> Litestar:
    """Without ``settings`` this is a process of its own: environment and logs are as a server's.

    Raises SettingsError when the environment cannot be used.
    """
    own = settings is None
    if own:
        configure()
    service = Service(settings or ServiceSettings.from_env())
    origins = service.settings.cors_origins
    app = Litestar(
        ROUTES,
        cors_config=CORSConfig(
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=[KEY_HEADER, "Content-Type", "Accept", "Idempotency-Key", "If-None-Match", "X-Request-ID"],
            expose_headers=EXPOSED,
        )
        if origins
        else None,
        exception_handlers=HANDLERS,
        lifespan=[service.running, *([settled] if own else [])],
        logging_config=None,
        openapi_config=config(),
        plugins=[ExactRequests()],
        request_max_body_size=MAX_BODY,
    )
    service.parameters = query_parameters(app)
    app.asgi_handler = Gateway(app, service)
    return app


@asynccontextmanager
async def settled(_app: Litestar) -> AsyncIterator[None]:
    """What was loaded by now is there to stay: garbage collections that look through it hold up requests for 50 ms.

    Those that look through thousands of connections take 25 ms: they are rare, as connections leave no cycles behind.
    """
    await asyncio.to_thread(docs.prepare)
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 5, 200)
    yield
