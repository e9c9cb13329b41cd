"""One prediction: from the ledger where there is one, else on the spot from what is known now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from serving import metrics
from serving.database import Database
from serving.http.errors import Problem
from serving.schemas.prediction_bodies import Answer, ad_hoc, answers
from serving.schemas.predictions import ByTeams, Model, Prediction
from serving.state.cache import Memory
from serving.state.champion import Champion
from serving.state.clubs import Clubs
from serving.state.online_store import Online
from serving.state.snapshot import Snapshot

SEALED, AD_HOC, IN_VAIN = (metrics.PREDICTIONS.labels(kind) for kind in ("sealed", "ad-hoc", "none"))
UNSERVED = sql.SQL("""
    select history.*, wanted.match_id, matches.status, matches.kickoff as match_kickoff
    from unnest(%(match_ids)s::text[]) as wanted (match_id)
    left join predictions.served_history as history using (match_id)
    left join marts.fct_matches as matches using (match_id)
    where history.match_id is not null or matches.match_id is not null
""")


class Predictor:
    """Predictions from what is in memory and, where that does not have a match, from the database."""

    def __init__(
        self, database: Database, clubs: Clubs, snapshot: Snapshot, champion: Champion, online: Online, memory: Memory
    ) -> None:
        self._database, self._clubs, self._snapshot = database, clubs, snapshot
        self._champion, self._online, self._memory = champion, online, memory

    def served(self, match_id: str) -> Answer | None:
        """What is served of a match, counted; from memory alone."""
        found = self._snapshot.by_id.get(match_id)
        if found is not None:
            SEALED.inc()
            metrics.CONFIDENCE.observe(found.confidence)
        return found

    async def find(self, match_id: str) -> Answer:
        """What is served of a match, from memory if it is there. Raises Problem where there is nothing."""
        found = self.served(match_id) or (await self.unserved([match_id]))[match_id]
        if isinstance(found, Problem):
            raise found
        return found

    async def unserved(self, match_ids: Sequence[str]) -> dict[str, Answer | Problem]:
        """Of matches not in memory: what was served of them before, or why there is nothing; one query for all."""
        ids = [match_id for match_id in dict.fromkeys(match_ids) if "\0" not in match_id]
        rows = await self._database.rows(UNSERVED, {"match_ids": ids}) if ids else []
        found: dict[str, Answer | Problem] = dict.fromkeys(
            match_ids, Problem("unknown-match", "GET /matches/ lists the ids of matches")
        )
        past = [row for row in rows if row["seq"] is not None]
        made = await asyncio.to_thread(answers, past, self._clubs.team) if past else []
        found.update(zip((row["match_id"] for row in past), made, strict=True))
        found.update((row["match_id"], _not_predicted(row)) for row in rows if row["seq"] is None and row["status"])
        SEALED.inc(len(past))
        IN_VAIN.inc(len(found) - len(past))
        return found

    def on_the_spot(self, asked: Sequence[ByTeams]) -> list[Prediction | Problem]:
        """Predictions of pairings, in order; a Problem where there is none."""
        now, loaded, store = datetime.now(UTC), self._champion.loaded, self._online.store
        found: list[Prediction | Problem] = []
        places, pairings, teams = [], [], []
        for item in asked:
            try:
                home, away, day = self._online.pairing(item, now)
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
        chances = self._memory.chances(loaded, store, pairings)
        for place, (home, away), (probabilities, latest_input) in zip(places, teams, chances, strict=True):
            item = asked[place]
            found[place] = ad_hoc(item.league, home, away, item.kickoff, probabilities, model, now, latest_input)
            metrics.CONFIDENCE.observe(max(probabilities))
        AD_HOC.inc(len(pairings))
        return found


def _not_predicted(match: Mapping[str, Any]) -> Problem:
    if match["status"] == "fixture" and match["match_kickoff"] > datetime.now(UTC):
        return Problem("not-predictable", "this fixture is not predicted yet: its teams have no history, or no run was")
    return Problem("not-predictable", "no prediction of this match was sealed before its kickoff")
