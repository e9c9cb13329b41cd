"""One prediction at a time."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from litestar import Request, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from serving import metrics
from serving.controllers.operation import operation
from serving.http.encoded_response import Encoded, etag_matches, header
from serving.http.errors import Problem
from serving.http.openapi import DATABASE
from serving.schemas.examples import SEALED, example
from serving.schemas.prediction_bodies import head_of
from serving.schemas.predictions import Asked, ByMatch, Prediction, PredictRequest
from serving.service_call import call_of

LOOKUP, SPOT = (metrics.PREDICTION_SECONDS.labels(kind) for kind in ("sealed", "ad-hoc"))
GIVEN = ResponseSpec(
    Prediction,
    generate_examples=False,
    description="The prediction.",
    examples=[example("sealed", "A sealed prediction", SEALED)],
)


async def look_up(scope: Mapping[str, Any], match_id: str) -> Encoded:
    """The sealed prediction of a match. Raises Problem."""
    service = call_of(scope).service
    started = perf_counter()
    try:
        found = await service.predictor.find(match_id)
    finally:
        LOOKUP.observe(perf_counter() - started)
    etag = (b"etag", found.etag.encode())
    asked = header(scope, b"if-none-match")
    if asked is not None and not service.age.stale and etag_matches(asked, found.etag):
        return Encoded(b"", etag, status=304)
    return Encoded(found.head + service.age.tail(), etag)


async def answer_request(scope: Mapping[str, Any], asked: Asked) -> Encoded:
    """The prediction of a match or pairing. Raises Problem."""
    service = call_of(scope).service
    if isinstance(asked, ByMatch):
        with LOOKUP.time():
            answer = await service.predictor.find(asked.match_id)
        return Encoded(answer.head + service.age.tail())
    with SPOT.time():
        found = await service.batcher.predict(asked)
    if isinstance(found, Problem):
        raise found
    return Encoded(head_of(found) + service.age.tail())


@operation(
    get,
    "/predict/{match_id:str}",
    GIVEN,
    "unknown-match",
    "not-predictable",
    *DATABASE,
    scope="read",
    tag="predictions",
    not_modified=True,
)
async def get_prediction(request: Request[Any, Any, Any], match_id: FromPath[str]) -> Encoded:
    """The sealed prediction of a match. Its ETag changes when it does, not while its data ages."""
    return await look_up(request.scope, match_id)


@operation(
    post,
    "/predict/",
    GIVEN,
    *("unknown-match", "unknown-team", "unknown-league", "not-predictable", "kickoff-past", "no-champion"),
    *DATABASE,
    scope="predict",
    tag="predictions",
    body=True,
)
async def predict(request: Request[Any, Any, Any], data: JSONBody[PredictRequest]) -> Encoded:
    """Predict a match by its id (as it is sealed) or any pairing of two teams of a league (on the spot)."""
    return await answer_request(request.scope, data.asked)
