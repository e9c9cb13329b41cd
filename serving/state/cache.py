"""Answers that would come out the same again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from footpred_dagster.core.features.online_store import OnlineStore
from serving.state.champion import Loaded

MOST_REMEMBERED = 50_000
Pairing = tuple[str, str, str, date]
Chances = tuple[tuple[float, ...], datetime | None]
"""Tuples all the way down: Python's garbage collector soon stops looking at them, and there are many."""


class Memory:
    """What one model said of pairings from one state: asked again, it would say the same."""

    def __init__(self) -> None:
        self._kept: tuple[Loaded, OnlineStore, dict[Pairing, Chances]] | None = None

    def chances(self, loaded: Loaded, store: OnlineStore, pairings: Sequence[Pairing]) -> list[Chances]:
        """Probabilities and newest input of (league, home, away, date); new ones with one run of the model for all."""
        kept = self._kept
        if kept is None or kept[0] is not loaded or kept[1] is not store or len(kept[2]) > MOST_REMEMBERED:
            # Replaced as one: another thread may be asking an older model at this moment.
            kept = self._kept = loaded, store, {}
        known = kept[2]
        new = [pairing for pairing in dict.fromkeys(pairings) if pairing not in known]
        if new:
            rows = [store.features(*pairing) for pairing in new]
            found = loaded.predict(rows, [pairing[0] for pairing in new]).tolist()
            for pairing, row, probabilities in zip(new, rows, found, strict=True):
                known[pairing] = tuple(probabilities), row.latest_input
        return [known[pairing] for pairing in pairings]
