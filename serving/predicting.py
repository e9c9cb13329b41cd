"""One prediction: from the ledger where there is one, else on the spot from what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg import sql

from serving import metrics
from serving.answers import Answer, ad_hoc
from serving.errors import Problem
from serving.schemas.predictions import ByTeams, Model, Prediction
from serving.service import Service

SEALED, AD_HOC, IN_VAIN = (metrics.PREDICTIONS.labels(kind) for kind in ("sealed", "ad-hoc", "none"))
MATCH = sql.SQL("select status, kickoff from marts.fct_matches where match_id = %(match_id)s")


def served(service: Service, match_id: str) -> Answer | None:
    """What is served of a match, counted; from memory alone."""
    found = service.snapshot.by_id.get(match_id)
    if found is not None:
        SEALED.inc()
        metrics.CONFIDENCE.observe(found.confidence)
    return found


async def why_not(service: Service, match_id: str) -> Problem:
    """Why there is no prediction of a match."""
    IN_VAIN.inc()
    rows = [] if "\0" in match_id else await service.database.rows(MATCH, {"match_id": match_id})
    if not rows:
        return Problem("unknown-match", "GET /matches/ lists the ids of matches")
    if rows[0]["status"] == "fixture" and rows[0]["kickoff"] > datetime.now(UTC):
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
