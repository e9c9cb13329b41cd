"""Kinds of matches on which a model is judged apart: how equal the sides are, when in the season, who just moved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.domain import LEAGUES

EARLY, LATE = 3, 5
"""Matches of a season that count as its start and as its end."""
GAPS = {"under 50": 50.0, "50 to 150": 150.0, "over 150": np.inf}
"""Elo points between the sides, home advantage not counted."""


def slices(frame: pd.DataFrame) -> pd.DataFrame:
    """(n, 4) text, indexed like ``frame``: ``season``, ``elo_gap``, ``phase``, ``moved``.

    phase: whether a side plays one of its first three league matches, or one of its last five of a complete season.
    moved: whether a side came up or down since its season before; ``frame`` must reach back that far.
    """
    gap = frame["elo_difference"].abs()
    return pd.DataFrame(
        {
            "season": frame["season"],
            "elo_gap": np.select([gap < bound for bound in GAPS.values()], list(GAPS), ""),
            "phase": phases(frame),
            "moved": _moved(frame),
        },
        index=frame.index,
    )


def phases(frame: pd.DataFrame) -> npt.NDArray[np.str_]:
    """(n,) ``first three``, ``last five`` or ``between`` of its season, which ``frame`` holds to its end."""
    played = frame[["home_table_matches", "away_table_matches"]]
    last = played.max(axis=1).groupby([frame["league"], frame["season"]]).transform("max")
    early = played.min(axis=1) < EARLY
    return np.select([early, played.max(axis=1) > last - LATE], ["first three", "last five"], "between")


def _moved(frame: pd.DataFrame) -> np.ndarray:
    tier = frame["league"].map({code: league.tier for code, league in LEAGUES.items()})
    seats = pd.concat(
        [
            pd.DataFrame({"club": frame[side], "season": frame["season"], "tier": tier})
            for side in ("home_id", "away_id")
        ]
    )
    seats = seats.groupby(["club", "season"], as_index=False)[["tier"]].min().sort_values(["club", "season"])
    seats["change"] = seats["tier"] - seats.groupby("club")["tier"].shift()
    changes = seats.set_index(["club", "season"])["change"]
    home, away = (
        changes.reindex(pd.MultiIndex.from_arrays([frame[side], frame["season"]])).to_numpy()
        for side in ("home_id", "away_id")
    )
    return np.select([(home > 0) | (away > 0), (home < 0) | (away < 0)], ["relegated", "promoted"], "neither")
