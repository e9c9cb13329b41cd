"""One prediction: from the ledger where there is one, else on the spot from what is known now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from serving import metrics
from serving.http.errors import Problem
from serving.predictions.prediction_bodies import Answer, ad_hoc, answers
from serving.schemas.predictions import ByTeams, Model, Prediction

if TYPE_CHECKING:
    from serving.service import Service

SEALED, AD_HOC, IN_VAIN = (metrics.PREDICTIONS.labels(kind) for kind in ("sealed", "ad-hoc", "none"))
UNSERVED = sql.SQL("""
    select history.*, wanted.match_id, matches.status, matches.kickoff as match_kickoff
    from unnest(%(match_ids)s::text[]) as wanted (match_id)
    left join predictions.served_history as history using (match_id)
    left join marts.fct_matches as matches using (match_id)
    where history.match_id is not null or matches.match_id is not null
""")


def served(service: Service, match_id: str) -> Answer | None:
    """What is served of a match, counted; from memory alone."""
    found = service.snapshot.by_id.get(match_id)
    if found is not None:
        SEALED.inc()
        metrics.CONFIDENCE.observe(found.confidence)
    return found


async def find(service: Service, match_id: str) -> Answer:
    """What is served of a match, from memory if it is there. Raises Problem where there is nothing."""
    found = served(service, match_id) or (await unserved(service, [match_id]))[match_id]
    if isinstance(found, Problem):
        raise found
    return found


async def unserved(service: Service, match_ids: Sequence[str]) -> dict[str, Answer | Problem]:
    """Of matches that are not in memory: what was served of them before, or why there is nothing; one query for all."""
    ids = [match_id for match_id in dict.fromkeys(match_ids) if "\0" not in match_id]
    rows = await service.database.rows(UNSERVED, {"match_ids": ids}) if ids else []
    found: dict[str, Answer | Problem] = dict.fromkeys(
        match_ids, Problem("unknown-match", "GET /matches/ lists the ids of matches")
    )
    past = [row for row in rows if row["seq"] is not None]
    made = await asyncio.to_thread(answers, past, service.clubs.team) if past else []
    found.update(zip((row["match_id"] for row in past), made, strict=True))
    found.update((row["match_id"], _not_predicted(row)) for row in rows if row["seq"] is None and row["status"])
    SEALED.inc(len(past))
    IN_VAIN.inc(len(found) - len(past))
    return found


def _not_predicted(match: Mapping[str, Any]) -> Problem:
    if match["status"] == "fixture" and match["match_kickoff"] > datetime.now(UTC):
        return Problem("not-predictable", "this fixture is not predicted yet: its teams have no history, or no run was")
    return Problem("not-predictable", "no prediction of this match was sealed before its kickoff")


def on_the_spot(service: Service, asked: Sequence[ByTeams]) -> list[Prediction | Problem]:
    """Predictions of pairings, in order; a Problem where there is none."""
    now, loaded, store = datetime.now(UTC), service.champion.loaded, service.online.store
    found: list[Prediction | Problem] = []
    places, pairings, teams = [], [], []
    for item in asked:
        try:
            home, away, day = service.online.pairing(item, now)
        except Problem as problem:
            IN_VAIN.inc()
            found.append(problem)
            continue
        places.append(len(found))
        found.append(Problem("no-champion", "footpred run trains and promotes one", headers={"Retry-After": "60"}))
        pairings.append((item.league, home.id, away.id, day))
        teams.append((home, away))
    if loaded is None or store is None or not pairings:
        return found
    model = Model(loaded.version.name, loaded.version.version)
    chances = service.memory.chances(loaded, store, pairings)
    for place, (home, away), (probabilities, latest_input) in zip(places, teams, chances, strict=True):
        item = asked[place]
        found[place] = ad_hoc(item.league, home, away, item.kickoff, probabilities, model, now, latest_input)
        metrics.CONFIDENCE.observe(max(probabilities))
    AD_HOC.inc(len(pairings))
    return found


class Batcher:
    """Pairings asked for at about the same time are predicted together: one run of the model for all.

    Nobody waits longer for it: what comes alone is predicted alone, and a crowd waits for one run instead of many.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
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
            found = on_the_spot(self._service, [asked for asked, _ in waiting])
        except Exception as error:  # each request answers for itself
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), one in zip(waiting, found, strict=True):
            if not future.done():
                future.set_result(one)
