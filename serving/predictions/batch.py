"""Many predictions at once, in the order they were asked for; each has a status of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from serving.http.errors import TYPES, Problem
from serving.predictions.predictor import Predictor
from serving.schemas.prediction_bodies import Answer, head_of
from serving.schemas.predictions import ByTeams, Prediction, PredictRequest
from serving.schemas.problem import FieldError

INLINE = 20
"""More pairings than this are predicted beside the loop, so that others need not wait for them."""
ITEMS_PER_TURN = 50
T = TypeVar("T")
Result = tuple[bytes, Prediction] | Problem


async def predicted(predictor: Predictor, items: Sequence[Any], first: int = 0) -> list[Result]:
    """The result of each item, in order; ``first`` is the place of the first in what was asked."""
    results: list[Result | None] = [None] * len(items)
    pairings: list[tuple[int, ByTeams]] = []
    lookups: list[tuple[int, str]] = []
    async for place, item in in_turns(items):
        try:
            asked = msgspec.convert(item, PredictRequest).asked
        except msgspec.ValidationError as error:
            errors = [FieldError(f"items.{first + place}", str(error).encode("utf-8", "replace").decode())]
            results[place] = Problem("invalid-request", "see errors", errors=errors)
            continue
        if isinstance(asked, ByTeams):
            pairings.append((place, asked))
        elif (answer := predictor.served(asked.match_id)) is not None:
            results[place] = (answer.head, answer.prediction)
        else:
            lookups.append((place, asked.match_id))
    found = await _unserved(predictor, [match_id for _, match_id in lookups])
    for place, match_id in lookups:
        other = found[match_id]
        results[place] = other if isinstance(other, Problem) else (other.head, other.prediction)
    teams = [asked for _, asked in pairings]
    spot = (
        predictor.on_the_spot(teams) if len(teams) <= INLINE else await asyncio.to_thread(predictor.on_the_spot, teams)
    )
    for (place, _), made in zip(pairings, spot, strict=True):
        results[place] = made if isinstance(made, Problem) else (head_of(made), made)
    return [result for result in results if result is not None]


async def in_turns(items: Sequence[T]) -> AsyncIterator[tuple[int, T]]:
    """(index, item) of each; other requests have a turn after every few."""
    for index, item in enumerate(items):
        if index % ITEMS_PER_TURN == 0:
            await asyncio.sleep(0)
        yield index, item


async def _unserved(predictor: Predictor, match_ids: Sequence[str]) -> Mapping[str, Answer | Problem]:
    """Without the database each of these items says so by itself, and the others are answered."""
    try:
        return await predictor.unserved(match_ids) if match_ids else {}
    except Problem as problem:
        return dict.fromkeys(match_ids, problem)


def item_bytes(index: int, result: Result, tail: bytes) -> bytes:
    if isinstance(result, Problem):
        details = msgspec.json.encode(result.details())
        return b'{"index":%d,"status":%d,"problem":%b}' % (index, TYPES[result.slug][0], details)
    return b'{"index":%d,"status":200,"prediction":%b%b}' % (index, result[0], tail)
