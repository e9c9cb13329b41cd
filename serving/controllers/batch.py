"""Up to a thousand predictions at once, in the order they were asked for."""

from __future__ import annotations

import math
from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from serving.authentication import charge
from serving.controllers.operation import LIST, gives, operation
from serving.http.errors import TYPES, Problem
from serving.http.negotiation import CSV, JSON, NDJSON, lines, table
from serving.predictions.batch import Result, in_turns, item_bytes, predicted
from serving.schemas.prediction_rows import COLUMNS, flat
from serving.schemas.predictions import BatchAnswer, BatchRequest
from serving.service import Service
from serving.service_call import call_of

ITEMS_PER_TOKEN = 25
"""Of the rate limit: a batch is no way around it."""
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
        results = await predicted(service.predictor, data.items)
        if kind == CSV:
            rows = [_row(index, result, service) async for index, result in in_turns(results)]
            return table(rows, BATCH_COLUMNS, {})
        tail = service.age.tail()
        encoded = [item_bytes(index, result, tail) async for index, result in in_turns(results)]
    if kind == NDJSON:
        return lines(encoded, {})
    return Response(b'{"items":[' + b",".join(encoded) + b"]}", media_type=JSON)


def _row(index: int, result: Result, service: Service) -> dict[str, Any]:
    if isinstance(result, Problem):
        return {"index": index, "status": TYPES[result.slug][0], "problem": f"{result.slug}: {result.detail}"}
    return {"index": index, "status": 200, **flat(result[1], service.age.stale)}
