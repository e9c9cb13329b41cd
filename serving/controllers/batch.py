"""Up to a thousand predictions at once, in the order they were asked for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody

from serving.authentication import charge
from serving.controllers.operation import LIST, gives, operation
from serving.http.errors import TYPES, Problem
from serving.http.negotiation import CSV, JSON, NDJSON, lines, table
from serving.http.request_context import call_of
from serving.predictions.prediction_bodies import Answer, head_of
from serving.predictions.prediction_rows import COLUMNS, flat
from serving.predictions.predictor import on_the_spot, served, unserved
from serving.schemas.predictions import BatchAnswer, BatchRequest, ByTeams, Prediction, PredictRequest
from serving.schemas.problem import FieldError
from serving.service import Service

INLINE = 20
"""More pairings than this are predicted beside the loop, so that others need not wait for them."""
ITEMS_PER_TOKEN = 25
"""Of the rate limit: a batch is no way around it."""
ITEMS_PER_TURN = 50
T = TypeVar("T")
Result = tuple[bytes, Prediction] | Problem
BATCH_COLUMNS = ("index", "status", *COLUMNS, "problem")


@operation(
    post,
    "/predict/batch/",
    gives(BatchAnswer, "One item for each asked, in their order."),
    scope="batch",
    tag="predictions",
    formats=LIST,
    body=True,
)
async def predict_batch(request: Request[Any, Any, Any], data: JSONBody[BatchRequest]) -> Response[bytes]:
    """Predict up to 1 000 matches or pairings; each item has a status of its own. JSON, NDJSON or CSV, by Accept.

    Every 25 items cost a token of the key's rate limit.
    """
    call = call_of(request.scope)
    kind, service = call.representation, call.service
    await charge(call, math.ceil(len(data.items) / ITEMS_PER_TOKEN))
    async with service.batches:
        results = await predicted(service, data.items)
        if kind == CSV:
            rows = [_row(index, result, service) async for index, result in _in_turns(results)]
            return table(rows, BATCH_COLUMNS, {})
        tail = service.age.tail()
        encoded = [item_bytes(index, result, tail) async for index, result in _in_turns(results)]
    if kind == NDJSON:
        return lines(encoded, {})
    return Response(b'{"items":[' + b",".join(encoded) + b"]}", media_type=JSON)


async def predicted(service: Service, items: Sequence[Any], first: int = 0) -> list[Result]:
    """The result of each item, in order; ``first`` is the place of the first in what was asked."""
    results: list[Result | None] = [None] * len(items)
    pairings: list[tuple[int, ByTeams]] = []
    lookups: list[tuple[int, str]] = []
    async for place, item in _in_turns(items):
        try:
            asked = msgspec.convert(item, PredictRequest).asked
        except msgspec.ValidationError as error:
            errors = [FieldError(f"items.{first + place}", str(error).encode("utf-8", "replace").decode())]
            results[place] = Problem("invalid-request", "see errors", errors=errors)
            continue
        if isinstance(asked, ByTeams):
            pairings.append((place, asked))
        elif (answer := served(service, asked.match_id)) is not None:
            results[place] = (answer.head, answer.prediction)
        else:
            lookups.append((place, asked.match_id))
    found = await _unserved(service, [match_id for _, match_id in lookups])
    for place, match_id in lookups:
        other = found[match_id]
        results[place] = other if isinstance(other, Problem) else (other.head, other.prediction)
    teams = [asked for _, asked in pairings]
    spot = on_the_spot(service, teams) if len(teams) <= INLINE else await asyncio.to_thread(on_the_spot, service, teams)
    for (place, _), made in zip(pairings, spot, strict=True):
        results[place] = made if isinstance(made, Problem) else (head_of(made), made)
    return [result for result in results if result is not None]


async def _in_turns(items: Sequence[T]) -> AsyncIterator[tuple[int, T]]:
    """(index, item) of each; other requests have a turn after every few."""
    for index, item in enumerate(items):
        if index % ITEMS_PER_TURN == 0:
            await asyncio.sleep(0)
        yield index, item


async def _unserved(service: Service, match_ids: Sequence[str]) -> Mapping[str, Answer | Problem]:
    """Without the database each of these items says so by itself, and the others are answered."""
    try:
        return await unserved(service, match_ids) if match_ids else {}
    except Problem as problem:
        return dict.fromkeys(match_ids, problem)


def item_bytes(index: int, result: Result, tail: bytes) -> bytes:
    if isinstance(result, Problem):
        details = msgspec.json.encode(result.details())
        return b'{"index":%d,"status":%d,"problem":%b}' % (index, TYPES[result.slug][0], details)
    return b'{"index":%d,"status":200,"prediction":%b%b}' % (index, result[0], tail)


def _row(index: int, result: Result, service: Service) -> dict[str, Any]:
    if isinstance(result, Problem):
        return {"index": index, "status": TYPES[result.slug][0], "problem": f"{result.slug}: {result.detail}"}
    return {"index": index, "status": 200, **flat(result[1], service.age.stale)}
