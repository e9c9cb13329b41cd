"""Batch prediction of every open fixture by the champion, sealed into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from footpred_dagster.core.backtest import PROBABILITIES
from footpred_dagster.core.contract import FEATURE_NAMES
from footpred_dagster.core.dataset import predictable_fixtures
from footpred_dagster.core.ledger import Kind, Prediction, feature_hash, seal
from footpred_dagster.core.registry import champion, load
from footpred_dagster.core.storage import Archive


@dataclass(frozen=True, slots=True)
class SealReport:
    """``listed`` fixtures not yet played by the files, those ``past`` as_of or without usable history (``unready``),
    those ``predicted``, and how many rows were ``sealed`` because features or model were new. ``champion`` is None when
    there is none, or none fitted before as_of."""

    listed: int
    past: int
    unready: int
    predicted: int
    sealed: int
    champion: str | None


def seal_open_fixtures(connection: psycopg.Connection, archive: Archive, as_of: datetime, kind: Kind) -> SealReport:
    """Predict each fixture with kickoff after ``as_of`` and inputs before it; the caller owns the transaction."""
    listed, past = connection.execute(
        "select count(*), count(*) filter (where kickoff <= %s) from intermediate.int_fixtures", [as_of]
    ).fetchone() or (0, 0)
    version = champion(connection)
    if version is None or version.as_of > as_of:  # a model fitted on later matches must not predict earlier ones
        return SealReport(listed, past, listed - past, 0, 0, None)
    fixtures = predictable_fixtures(connection, as_of)
    rows = []
    if len(fixtures):
        fixtures[PROBABILITIES] = load(archive, version).predict_frame(fixtures)
        rows = [
            Prediction(
                match_id=row["match_id"],
                kickoff=row["kickoff"].to_pydatetime(),
                as_of=as_of,
                latest_input=row["latest_input"].to_pydatetime(),
                kind=kind,
                role="champion",
                model_name=version.name,
                model_version=version.version,
                fingerprint=version.fingerprint,
                feature_hash=feature_hash([row[name] for name in FEATURE_NAMES]),
                **{name: row[name] for name in PROBABILITIES},
            )
            for row in fixtures.to_dict("records")
        ]
    sealed = seal(connection, rows)
    name = f"{version.name} version {version.version}"
    return SealReport(listed, past, listed - past - len(rows), len(rows), sealed, name)
