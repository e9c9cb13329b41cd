"""Who is to predict: the promotion policy applied to what is stored of candidates and champions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.evaluation.stored_predictions import stored_evidence, stored_predictions
from footpred_dagster.core.evaluation.windows import Windows, of_seasons, season_windows
from footpred_dagster.core.features.contract import fingerprint
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.promotion.fit_gates import Contender, Fitted
from footpred_dagster.core.promotion.interventions import pinned, vetoes
from footpred_dagster.core.promotion.live_rollback import demoted
from footpred_dagster.core.promotion.policy import Evidence, Incumbent, decide
from footpred_dagster.core.promotion.refits import examine, remember_refusals
from footpred_dagster.core.registry.decision import Decision
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.registry.promotions import champions
from footpred_dagster.core.registry.replays import candidate
from footpred_dagster.core.registry.versions import ModelVersion
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, log_losses


def choose(
    connection: psycopg.Connection,
    archive: Archive,
    frame: pd.DataFrame,
    as_of: datetime,
    names: Sequence[str] = tuple(RECIPES),
) -> tuple[Decision, Windows]:
    """Apply the promotion policy to the stored predictions of the selection window, and to the fits themselves.

    A run about the past compares with no earlier champion.
    """
    replay = is_about_the_past(connection, as_of)
    judged = season_windows(frame, as_of)
    matches = frame[of_seasons(frame, judged.selection)]
    evidence = Evidence(
        matches,
        market_line(matches, "market_closing"),
        stored_evidence(connection, frame, as_of),
    )
    candidates = [found for name in names if (found := candidate(connection, name, as_of))]
    compared_on = None if replay else frame
    contenders = [_contender(each, examine(connection, archive, each, compared_on)) for each in candidates]
    gone = demoted(connection)
    barred = {(each.name, each.version): why for each in contenders if (why := gone.get((each.name, each.recipe)))}
    past = [
        _incumbent(connection, frame, version, datetime.now(UTC) - since)
        for version, since in ([] if replay else champions(connection))
        if (version.name, version.recipe) not in gone
    ]
    best = min((each for each in past if len(each.predictions)), key=lambda each: _loss(each, matches), default=None)
    decision = decide(
        contenders,
        evidence,
        fingerprint(),
        past[0] if past else None,
        best,
        pinned=pinned(connection),
        vetoed=barred | vetoes(connection),
    )
    if not replay:
        remember_refusals(connection, candidates, decision.verdicts)
    return decision, judged


def _contender(version: ModelVersion, fitted: Fitted) -> Contender:
    # A fit of a run about the past has learned in full: it contends in that run alone.
    profile = "production" if version.profile == "replay" else version.profile
    return Contender(version.name, version.version, version.recipe, version.fingerprint, profile, fitted)


def _incumbent(connection: psycopg.Connection, frame: pd.DataFrame, version: ModelVersion, age: timedelta) -> Incumbent:
    stored = stored_predictions(connection, frame, {version.name: version.recipe})
    return Incumbent(_contender(version, Fitted()), age, stored.get(version.name, pd.DataFrame(columns=PROBABILITIES)))


def _loss(incumbent: Incumbent, matches: pd.DataFrame) -> float:
    shared = matches.loc[matches.index.intersection(incumbent.predictions.index)]
    if shared.empty:
        return np.inf
    predicted = incumbent.predictions.loc[shared.index, PROBABILITIES].to_numpy(dtype=float)
    return float(log_losses(predicted, shared["outcome"].to_numpy(dtype=np.int64)).mean())
