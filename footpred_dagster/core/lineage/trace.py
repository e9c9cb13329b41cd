"""Where a prediction comes from, down to raw bytes: what a fit and a batch leave behind, and the way back from a row.

Nothing here is recomputed: every line of a trace is a row of a table or an object of the archive, and says whether the
object is still there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from footpred_dagster.core.archive.base import Archive, ObjectLost
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.lineage.input_manifest import FIXTURES_KEY, Inputs, Partition
from footpred_dagster.core.predictions.ledger import Kind

LEDGER_LOCK = "predictions.ledger"
"""What the sealing trigger takes as well: who holds it is alone in the ledger until the transaction ends."""


class UnknownPrediction(LookupError):
    """No row of the ledger goes by that id."""


@dataclass(frozen=True, slots=True)
class RunIds:
    """Whose work it was: the Dagster run, and the id that runs from tick to log line."""

    dagster_run: str
    correlation: str


@dataclass(frozen=True, slots=True)
class FitRecord:
    """What is kept of the fit that gave a version.

    inputs_sha256: its input manifest; None when that could not be told.
    metrics: out-of-season scores, ``{league, seasons, n, log_loss, rps, ...}`` each, None for what is infinite.
    code: versions of what ran, by part.
    """

    inputs_sha256: str | None
    metrics: Sequence[Mapping[str, Any]]
    as_of: datetime
    code: Mapping[str, str]
    git_commit: str
    run: RunIds


def record_fit(connection: psycopg.Connection, name: str, version: int, fit: FitRecord) -> None:
    """Keep it with the version in the caller's transaction, unless an earlier fit that gave the same one is kept."""
    connection.execute(
        """
        update models.versions
        set inputs_sha256 = %s, metrics = %s, fitted_as_of = %s, code = %s, git_commit = %s, dagster_run_id = %s,
            correlation_id = %s
        where name = %s and version = %s and inputs_sha256 is null
        """,
        [
            *(fit.inputs_sha256, json.dumps(fit.metrics), fit.as_of, json.dumps(fit.code), fit.git_commit),
            *(fit.run.dagster_run, fit.run.correlation, name, version),
        ],
    )


@contextmanager
def sealed_together(
    connection: psycopg.Connection, as_of: datetime, kind: Kind, inputs_sha256: str | None, run: RunIds
) -> Iterator[None]:
    """What is sealed inside becomes one row of ``predictions.batches``, in the caller's transaction; nothing, none."""
    connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [LEDGER_LOCK])
    before = _newest(connection)
    yield
    if (newest := _newest(connection)) > before:
        connection.execute(
            """
            insert into predictions.batches
                (first_seq, last_seq, as_of, kind, inputs_sha256, dagster_run_id, correlation_id)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [before + 1, newest, as_of, kind, inputs_sha256, run.dagster_run, run.correlation],
        )


def _newest(connection: psycopg.Connection) -> int:
    row = connection.execute("select coalesce(max(seq), 0) from predictions.ledger").fetchone()
    return int(row[0]) if row else 0


def trace(connection: psycopg.Connection, archive: Archive, prediction: str) -> dict[str, Any]:
    """The way from a ledger row, by its number or a match_id (the champion's newest row), to raw bytes, as JSON has it.

    ``prediction``, then ``model`` and ``batch``, each with ``inputs``: the manifest's sha256 and its ``files``.
    What was not kept is None; every object says in ``archived`` whether the archive has it. Raises UnknownPrediction.
    """
    row = _ledger_row(connection, prediction)
    match = _match(connection, row["match_id"])
    league = LEAGUES.get(match["league"] or "")
    seen = _Seen(connection, archive)
    version = _one(
        connection,
        "select * from models.versions where name = %s and version = %s",
        [row["model_name"], row["model_version"]],
    )
    batch = _one(connection, "select * from predictions.batches where %s between first_seq and last_seq", [row["seq"]])
    return {
        "prediction": {
            **{name: row[name] for name in ("seq", "match_id")},
            **match,
            "country": league.country if league else None,
            **{name: _plain(row[name]) for name in ("kickoff", "as_of", "latest_input", "sealed_at", "kind", "role")},
            "probabilities": {side: row[f"p_{side}"] for side in ("home", "draw", "away")},
            **{name: row[name] for name in ("feature_hash", "hash")},
        },
        "model": _model(seen, row, version),
        "batch": _batch(seen, batch, league.country if league else None) if batch else None,
    }


def _ledger_row(connection: psycopg.Connection, prediction: str) -> dict[str, Any]:
    newest = """
        select * from predictions.ledger where match_id = %s order by role = 'champion' desc, seq desc limit 1"""
    row = _one(connection, newest, [prediction])
    if row is None and prediction.isdecimal() and len(prediction) < 19:  # what a bigint holds
        row = _one(connection, "select * from predictions.ledger where seq = %s", [int(prediction)])
    if row is None:
        raise UnknownPrediction(f"no sealed prediction has number or match_id {prediction!r}")
    return row


def _match(connection: psycopg.Connection, match_id: str) -> dict[str, Any]:
    """What the warehouse knows of the match; None throughout for a fixture that is no longer listed."""
    names = ("league", "season", "home_id", "away_id")
    built = connection.execute("select to_regclass('intermediate.int_match_spine') is not null").fetchone()
    query = "select league, season, home_id, away_id from intermediate.int_match_spine where match_id = %s"
    return (_one(connection, query, [match_id]) if built == (True,) else None) or dict.fromkeys(names)


class _Seen:
    """What the archive and the fetch log say of objects; the archive is listed once."""

    def __init__(self, connection: psycopg.Connection, archive: Archive) -> None:
        self._connection, self._archive = connection, archive
        self._present = frozenset(archive.digests())

    def archived(self, sha256: str) -> str:
        return "present" if sha256 in self._present else "missing"

    def bundle(self, sha256: str) -> str:
        """Present with every file it names."""
        try:
            files = json.loads(self._archive.get(sha256))["files"].values()
        except ObjectLost:
            return "missing"
        return "present" if self._present.issuperset(files) else "missing"

    def inputs(self, sha256: str | None) -> tuple[dict[str, Any] | None, Inputs | None]:
        """How a manifest is described, and its content where there is one."""
        if sha256 is None:
            return None, None
        try:
            found = Inputs.read(self._archive, sha256)
        except ObjectLost:
            return {"sha256": sha256, "archived": "missing", "partitions": None, "files": None, "seeds": None}, None
        about = {"sha256": sha256, "archived": "present", "partitions": len(found.partitions)}
        seeds = [asdict(seed) | {"archived": self.archived(seed.sha256)} for seed in found.seeds]
        return about | {"files": self.files(found.partitions), "seeds": seeds}, found

    def files(self, partitions: Sequence[Partition]) -> list[dict[str, Any]]:
        """Each with its url, source and the instant it was first fetched at; None where the log does not say."""
        rows = self._connection.execute(
            """
            select distinct on (path, sha256) path, sha256, url, fetched_at from raw.fetches
            where sha256 = any(%s) order by path, sha256, fetched_at
            """,
            [list({partition.sha256 for partition in partitions})],
        )
        fetched = {(path, sha256): (url, at) for path, sha256, url, at in rows.fetchall()}
        described = []
        for partition in partitions:
            url, at = fetched.get((partition.path, partition.sha256), (None, None))
            told = {"archived": self.archived(partition.sha256), "url": url, "fetched_at": _plain(at)}
            described.append(asdict(partition) | {"league": partition.league} | told)
        return described


def _model(seen: _Seen, row: Mapping[str, Any], version: Mapping[str, Any] | None) -> dict[str, Any]:
    about = {"name": row["model_name"], "version": row["model_version"], "fingerprint": row["fingerprint"]}
    if version is None:
        return about | {"registered": False}
    inputs, _ = seen.inputs(version["inputs_sha256"])
    kept = ("code", "git_commit", "dagster_run_id", "correlation_id", "mlflow_run_id", "training_rows")
    return {
        **about,
        "registered": True,
        "as_of": _plain(version["fitted_as_of"] or version["as_of"]),
        "bundle": {"sha256": version["artifact_sha256"], "archived": seen.bundle(version["artifact_sha256"])},
        **{name: version[name] for name in kept},
        "inputs": inputs,
    }


def _batch(seen: _Seen, batch: Mapping[str, Any], country: str | None) -> dict[str, Any]:
    """Its inputs are the fixtures file and the results of the country: ratings and form of a club come from there.

    All results where the country is not known.
    """
    kept = ("batch_id", "first_seq", "last_seq", "kind", "as_of", "sealed_at", "dagster_run_id", "correlation_id")
    inputs, content = seen.inputs(batch["inputs_sha256"])
    if inputs and content:
        read = [partition for partition in content.partitions if _read(partition, country)]
        inputs |= {"files": seen.files(read)}
    return {name: _plain(batch[name]) for name in kept} | {"inputs": inputs}


def _read(partition: Partition, country: str | None) -> bool:
    if partition.partition == FIXTURES_KEY or country is None:
        return True
    league = LEAGUES.get(partition.league or "")
    return league is not None and league.country == country


def _one(connection: psycopg.Connection, query: str, parameters: Sequence[object]) -> dict[str, Any] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchone()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
