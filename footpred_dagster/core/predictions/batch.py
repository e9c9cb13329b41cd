"""Batch prediction of every open fixture by the champion, sealed into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.evaluation.walk_forward import readable
from footpred_dagster.core.features.dataset import fixture_cut, predictable_fixtures
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.bundle import FingerprintMismatch
from footpred_dagster.core.models.dixon_coles import DixonColes
from footpred_dagster.core.models.reasons import reasons
from footpred_dagster.core.models.recipes import ALL_RECIPES, MARKET_AWARE
from footpred_dagster.core.models.stack import Stack
from footpred_dagster.core.predictions.ledger import Kind, Prediction, Role, feature_hash, seal, still_to_come
from footpred_dagster.core.predictions.served import archive_played, mark_listed, serve, withdraw
from footpred_dagster.core.predictions.settlement import identify
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.registry.replays import candidate, champion
from footpred_dagster.core.registry.versions import ModelVersion, load
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES


@dataclass(frozen=True, slots=True)
class SealReport:
    """``listed`` fixtures not yet played by the files, those ``past`` as_of or without usable history (``unready``),
    those ``predicted``, and how many of the champion's rows were ``sealed`` because features or model were new.
    ``begun``: matches predicted and not sealed, for they kicked off meanwhile.

    ``shadows``: rows sealed of challengers and of the market-aware model. ``served``: matches whose served row changed.
    ``champion`` is None when there is none, or none fitted before as_of.
    """

    listed: int
    past: int
    unready: int
    predicted: int
    sealed: int
    shadows: int
    served: int
    champion: str | None
    begun: tuple[str, ...] = ()


def seal_open_fixtures(connection: psycopg.Connection, archive: Archive, as_of: datetime, kind: Kind) -> SealReport:
    """Predict each fixture with kickoff after ``as_of`` and inputs before it; the caller owns the transaction.

    Every other candidate predicts the same fixtures in the champion's shadow, so that it can be judged live. A run
    about the past seals replays by its own fits, and serves nothing.
    """
    listed, past = connection.execute(
        "select count(*), count(*) filter (where kickoff <= %s) from intermediate.int_fixtures", [as_of]
    ).fetchone() or (0, 0)
    if kind == "live":
        withdraw(connection, as_of)
        mark_listed(connection, as_of)
    past_run = is_about_the_past(connection, as_of)
    version = champion(connection, as_of)
    if version is None or version.as_of > as_of:  # a model fitted on later matches must not predict earlier ones
        return SealReport(listed, past, listed - past, 0, 0, 0, 0, None)
    fixtures = predictable_fixtures(connection, as_of)
    explained = _explained(connection, fixtures, archive, version, as_of, kind)
    predictions = still_to_come(connection, explained)
    begun = {each.match_id for each in explained} - {each.match_id for each in predictions}
    sealed = seal(connection, predictions)
    served = 0 if past_run else serve(connection, predictions)
    if not past_run:
        archive_played(connection, as_of)
    shadows = 0
    for name in ALL_RECIPES:
        rival = candidate(connection, name, as_of)
        if rival is None or rival == version or rival.as_of > as_of or rival.profile == "smoke":
            continue
        role: Role = "market_aware" if name in MARKET_AWARE else "challenger"
        try:
            rivals = _predictions(fixtures, archive, rival, role, as_of, kind)
            shadows += seal(connection, still_to_come(connection, rivals))
        except FingerprintMismatch:
            continue  # a challenger of an older contract waits for its refit; the champion must not wait for it
    name = f"{version.name} version {version.version}"
    identify(connection)
    unready = listed - past - len(fixtures)
    return SealReport(listed, past, unready, len(fixtures), sealed, shadows, served, name, begun=tuple(sorted(begun)))


def prediction_cut(connection: psycopg.Connection, as_of: datetime, kind: Kind) -> str:
    """Which fixtures are open for prediction, as what kind of row and by whom, as text."""
    version = champion(connection, as_of)
    by = f"{version.name} {version.version}" if version else "nobody"
    return f"{fixture_cut(connection, as_of, kind)} by {by}"


def _explained(
    connection: psycopg.Connection,
    fixtures: pd.DataFrame,
    archive: Archive,
    version: ModelVersion,
    as_of: datetime,
    kind: Kind,
) -> list[Prediction]:
    """The champion's predictions, with a scoreline grid where there is a goals model, and reasons."""
    sealed = _predictions(fixtures, archive, version, "champion", as_of, kind)
    if not sealed:
        return []
    model = ALL_RECIPES[version.name].from_files(load(archive, version).native)
    goals = goals_beside(connection, archive, version, as_of, model)
    return with_reasons(sealed, readable(ALL_RECIPES[version.name], fixtures), model, goals)


def goals_beside(
    connection: psycopg.Connection, archive: Archive, version: ModelVersion, as_of: datetime, model: Model
) -> DixonColes | None:
    """The goals model within ``version``'s ``model``, else the candidate as of then; None when there is neither."""
    within = goals_model(model)
    found = candidate(connection, DixonColes.name, as_of)
    if within or found is None or found.as_of > as_of or found.fingerprint != version.fingerprint:
        return within
    return DixonColes.from_files(load(archive, found).native)


def goals_model(model: Model) -> DixonColes | None:
    """The goals model within ``model``, if there is one."""
    if isinstance(model, Stack):
        model = model.members.get(DixonColes.name, model)
    return model if isinstance(model, DixonColes) else None


def with_reasons(
    predictions: Sequence[Prediction], fixtures: pd.DataFrame, model: Model, goals: DixonColes | None
) -> list[Prediction]:
    """``predictions`` of ``fixtures``, row by row, with what they owe to what and the expected goals."""
    found = [replace(each, reasons=why) for each, why in zip(predictions, reasons(model, fixtures), strict=True)]
    if goals is None:
        return found
    return [
        replace(each, rate_home=home, rate_away=away, rate_correction=goals.correction)
        for each, (home, away) in zip(found, goals.rates(fixtures).tolist(), strict=True)
    ]


def _predictions(
    fixtures: pd.DataFrame, archive: Archive, version: ModelVersion, role: Role, as_of: datetime, kind: Kind
) -> list[Prediction]:
    fixtures = readable(ALL_RECIPES[version.name], fixtures)
    if fixtures.empty:
        return []
    bundle = load(archive, version)
    probabilities = bundle.predict_frame(fixtures)
    return predictions_of(fixtures, probabilities, version, role, features=bundle.features, as_of=as_of, kind=kind)


def predictions_of(
    fixtures: pd.DataFrame,
    probabilities: npt.NDArray[np.float64],
    version: ModelVersion,
    role: Role,
    *,
    features: Sequence[str],
    as_of: datetime,
    kind: Kind,
) -> list[Prediction]:
    """What to seal of ``fixtures`` (identity and ``features``) for which a version gave ``probabilities`` (n, 3)."""
    return [
        Prediction(
            match_id=row["match_id"],
            kickoff=row["kickoff"].to_pydatetime(),
            as_of=as_of,
            latest_input=row["latest_input"].to_pydatetime(),
            kind=kind,
            role=role,
            model_name=version.name,
            model_version=version.version,
            fingerprint=version.fingerprint,
            feature_hash=feature_hash([row[name] for name in features]),
            **dict(zip(PROBABILITIES, given, strict=True)),
        )
        for row, given in zip(fixtures.to_dict("records"), probabilities.tolist(), strict=True)
    ]
