"""What a model card states, gathered from a fit: plain values, so that rendering needs neither frames nor models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.domain import MAIN_LEAGUES, TOP_FIVE
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.evaluation.windows import Windows, season_windows
from footpred_dagster.core.features.contract import MARKET_AWARE_MODEL
from footpred_dagster.core.models.base import last_seasons
from footpred_dagster.core.statistics import scoring_rules
from footpred_dagster.core.statistics.bootstrap import weekly_mean
from footpred_dagster.core.statistics.reliability import Bin, ChanceEce, chance_ece, reliability
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, Scores

if TYPE_CHECKING:
    from footpred_dagster.core.registry.versions import ModelVersion
    from footpred_dagster.core.training.train import Fit

SHOTS = "home_shots_on_target_for_last_10"
LITTLE_RECORD = 10
"""Matches on record below which a club counts as a cold start."""


@dataclass(frozen=True, slots=True)
class Record:
    """Matches something was learned from or judged on, and what they span."""

    matches: int
    leagues: int
    first: datetime
    last: datetime
    seasons: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Record:
        """``frame`` holds at least one match."""
        kickoff = frame["kickoff"]
        return cls(
            len(frame), frame["league"].nunique(), kickoff.min(), kickoff.max(), tuple(sorted(frame["season"].unique()))
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Out-of-season scores over some matches, with the standard errors of their means by name.

    chance: what the ECE of a perfectly calibrated model of this size would be.
    """

    window: str
    seasons: tuple[str, ...]
    who: str
    scores: Scores
    errors: Mapping[str, float]
    chance: ChanceEce


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One fit, as its card describes it.

    description: what the recipe is, in a sentence.
    known, learned: every match before as_of, and those of them the fit used.
    judged: seasons one by one, then the final window, the newest last; empty when nothing could be judged.
    leagues: log-loss of each league over the final window and its standard error, best first.
    cold_starts: over the final window, matches with a club of little record, and their log-loss; None without any.
    no_shots: leagues, by name, of whose newest season no match has shot statistics.
    provenance: where the data and the code come from, by what it is called; ``origin`` is ``real`` or ``simulated``.
    """

    version: ModelVersion
    as_of: datetime
    description: str
    inputs: int
    known: Record
    learned: Record
    hyperparameters: Mapping[str, Any]
    temperature: float
    judged: Sequence[Judged]
    closing: Judged | None
    leagues: Sequence[tuple[str, float, float]]
    cold_starts: tuple[int, float] | None
    bins: Sequence[Bin]
    importance: Mapping[str, float]
    no_shots: Sequence[str]
    provenance: Mapping[str, str]

    @property
    def title(self) -> str:
        return f"{self.version.name} {self.version.version}"

    @property
    def simulated(self) -> bool:
        return self.provenance.get("origin") == "simulated"

    @property
    def reads_odds(self) -> bool:
        return self.version.name == MARKET_AWARE_MODEL

    @property
    def newest(self) -> Judged | None:
        """The verdict that counts: the final window, or the last season there was to judge on."""
        return self.judged[-1] if self.judged else None


def gather(
    fit: Fit, frame: pd.DataFrame, as_of: datetime, description: str, provenance: Mapping[str, str]
) -> CardFacts:
    """The facts of ``fit`` on ``frame``, which must be the one it was fitted and predicted on.

    A recipe that learns from the newest seasons only says so in its hyperparameter ``seasons``.
    """
    hyperparameters = fit.model.hyperparameters()
    split = season_windows(frame, as_of)
    final = fit.predictions[frame.loc[fit.predictions.index, "season"].isin(split.final or split.seasons[-1:])]
    closing = final if final.empty else market_line(frame.loc[final.index], "market_closing")
    window = _window_names(split).get(split.seasons[-1], "") if split.seasons else ""
    return CardFacts(
        version=fit.version,
        as_of=as_of,
        description=description,
        inputs=len(fit.model.importance()),
        known=Record.of(frame),
        learned=Record.of(last_seasons(frame, hyperparameters.get("seasons", frame["season"].nunique()))),
        hyperparameters=hyperparameters,
        temperature=fit.model.temperature,
        judged=_verdicts(fit.predictions, frame, split),
        closing=None if closing.empty else _judge(closing, frame, window, "closing line"),
        leagues=_by_league(final, frame),
        cold_starts=_cold_starts(final, frame),
        bins=[] if final.empty else reliability(*_arrays(final, frame)),
        importance=fit.model.importance(),
        no_shots=_without_shots(frame),
        provenance=provenance,
    )


def _window_names(split: Windows) -> dict[str, str]:
    """Name of the window each judged season belongs to."""
    return {
        season: field.name for field in fields(split) if field.name != "note" for season in getattr(split, field.name)
    }


def _verdicts(predicted: pd.DataFrame, frame: pd.DataFrame, split: Windows) -> list[Judged]:
    """Season by season, then the final window in the top five and, last, in all divisions."""
    of = frame.loc[predicted.index]
    names = _window_names(split)
    by_season = [
        _judge(predicted[of["season"] == season], frame, names[season], "all divisions") for season in split.seasons
    ]
    if len(split.final) < 2:
        return by_season
    final = of["season"].isin(split.final)
    top = final & of["league"].isin(TOP_FIVE)
    parts = {"top five": top} if set(TOP_FIVE) <= set(of.loc[final, "league"]) else {}
    whole = parts | {"all divisions": final}
    return by_season + [_judge(predicted[rows], frame, "final", who) for who, rows in whole.items()]


def _judge(predicted: pd.DataFrame, frame: pd.DataFrame, window: str, who: str) -> Judged:
    probabilities, outcomes = _arrays(predicted, frame)
    hits = (probabilities.argmax(axis=1) == outcomes).astype(float)
    spread = {
        "log_loss": scoring_rules.log_losses(probabilities, outcomes),
        "rps": scoring_rules.ranked_probability_scores(probabilities, outcomes),
        "brier": scoring_rules.brier_scores(probabilities, outcomes),
        "accuracy": hits,
    }
    return Judged(
        window=window,
        seasons=tuple(sorted(frame.loc[predicted.index, "season"].unique())),
        who=who,
        scores=scoring_rules.score(probabilities, outcomes),
        errors={
            name: _standard_error(values, frame.loc[predicted.index, "kickoff"]) for name, values in spread.items()
        },
        chance=chance_ece(probabilities),
    )


def _by_league(predicted: pd.DataFrame, frame: pd.DataFrame) -> list[tuple[str, float, float]]:
    if predicted.empty:
        return []
    losses = pd.Series(scoring_rules.log_losses(*_arrays(predicted, frame)), index=predicted.index)
    found = losses.groupby(frame.loc[predicted.index, "league"])
    rows = [
        (str(code), float(part.mean()), _standard_error(part.to_numpy(), frame.loc[part.index, "kickoff"]))
        for code, part in found
    ]
    return sorted(rows, key=lambda row: row[1])


def _cold_starts(predicted: pd.DataFrame, frame: pd.DataFrame) -> tuple[int, float] | None:
    record = frame.loc[predicted.index, ["home_matches_played", "away_matches_played"]].min(axis=1)
    cold = predicted[record < LITTLE_RECORD]
    if cold.empty:
        return None
    return len(cold), float(scoring_rules.log_losses(*_arrays(cold, frame)).mean())


def _without_shots(frame: pd.DataFrame) -> list[str]:
    newest = frame[frame["season"] == frame.groupby("league")["season"].transform("max")]
    known = newest[SHOTS].notna().groupby(newest["league"]).any()
    leagues = [MAIN_LEAGUES[code] for code in MAIN_LEAGUES if code in known.index and not known[code]]
    return [f"{league.name} ({league.country})" for league in leagues]


def _arrays(predicted: pd.DataFrame, frame: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    outcomes = frame.loc[predicted.index, "outcome"].to_numpy(dtype=np.int64)
    return predicted[PROBABILITIES].to_numpy(dtype=float), outcomes


def _standard_error(values: npt.NDArray[np.float64], kickoffs: pd.Series) -> float:
    """Of the mean, by match week; infinite with too few weeks, or when a value is."""
    return weekly_mean(values, kickoffs).se if np.isfinite(values).all() else float("inf")
