"""Pairings asked for at about the same time, predicted by one run of the model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from serving.http.errors import Problem
from serving.schemas.predictions import ByTeams, Prediction

Predict = Callable[[Sequence[ByTeams]], list[Prediction | Problem]]
"""Predictions of pairings, in order; a Problem where there is none."""


class Batcher:
    """Pairings asked for at about the same time are predicted together: one run of the model for all.

    Nobody waits longer for it: what comes alone is predicted alone, and a crowd waits for one run instead of many.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._waiting: list[tuple[ByTeams, asyncio.Future[Prediction | Problem]]] = []

    def predict(self, asked: ByTeams) -> asyncio.Future[Prediction | Problem]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            # A turn of the loop later, when those whose requests are being read at this moment have asked too.
            loop.call_soon(loop.call_soon, self._run)
        future: asyncio.Future[Prediction | Problem] = loop.create_future()
        self._waiting.append((asked, future))
        return future

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            found = self._predict([asked for asked, _ in waiting])
        except Exception as error:  # each request answers for itself
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), one in zip(waiting, found, strict=True):
            if not future.done():
                future.set_result(one)
