"""From a sealed row back to raw bytes: what is kept of fits and batches, and a trace that hides no loss."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footpred_dagster.core.archive.base import ObjectLost, sha256_hex
from footpred_dagster.core.lineage.input_manifest import Inputs, Partition, Seed
from footpred_dagster.core.lineage.trace import FitRecord, RunIds, UnknownPrediction, record_fit, sealed_together, trace
from footpred_dagster.core.predictions.ledger import Prediction, seal
from tests.support.sealed import replay

AS_OF = datetime(2024, 8, 1, tzinfo=UTC)
FETCHED = datetime(2024, 7, 30, 6, tzinfo=UTC)
RUN = RunIds("dagster-run", "correlation")
BODIES = {
    "D1|2023-24": ("mmz4281/2324/D1.csv", b"german results"),
    "E0|2023-24": ("mmz4281/2324/E0.csv", b"english results"),
    "E1|2023-24": ("mmz4281/2324/E1.csv", b"second division"),
    "fixtures": ("fixtures.csv", b"what comes"),
}
FIT = FitRecord(None, [{"league": "all", "log_loss": 0.1 + 0.2}], AS_OF, {"parser": "2"}, "abc", RUN)
MATCH = replay(kickoff=AS_OF + timedelta(days=9), as_of=AS_OF, latest_input=AS_OF - timedelta(days=60))


@pytest.fixture
def inputs(archive) -> Inputs:
    partitions = [Partition(key, path, archive.put(body), "2") for key, (path, body) in BODIES.items()]
    return Inputs(tuple(partitions), (Seed("dbt_project/seeds/team_aliases.csv", archive.put(b"names")),))


@pytest.fixture
def version(connection, archive) -> int:
    """A registered version, its bundle in the archive; nothing kept of its fit yet."""
    bundle = archive.put(json.dumps({"files": {"model.onnx": archive.put(b"graph")}}).encode())
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        values ('elo_logit', 1, %s, %s, %s, 672, 'production')
        """,
        ["f" * 12, bundle, AS_OF],
    )
    return 1


def seal_batch(connection: psycopg.Connection, inputs: str | None, *rows: Prediction) -> None:
    with sealed_together(connection, AS_OF, "replay", inputs, RUN):
        seal(connection, rows)


def batches(connection: psycopg.Connection) -> list[tuple[int, int]]:
    return connection.execute("select first_seq, last_seq from predictions.batches order by batch_id").fetchall()


def test_equal_inputs_are_one_object_and_read_back_as_they_were(archive, inputs):
    digest = inputs.keep(archive)
    before = archive.digests()
    assert (inputs.keep(archive), archive.digests()) == (digest, before)
    assert Inputs.read(archive, digest) == inputs
    assert json.loads(archive.get(digest))["partitions"][1] == {
        "partition": "E0|2023-24",
        "path": "mmz4281/2324/E0.csv",
        "sha256": sha256_hex(b"english results"),
        "parser": "2",
    }


def test_a_manifest_of_another_format_or_none_at_all_is_not_guessed_at(archive):
    with pytest.raises(ValueError, match="has format 2, and this program reads 1"):
        Inputs.read(archive, archive.put(b'{"format": 2}'))
    with pytest.raises(ObjectLost):
        Inputs.read(archive, "0" * 64)


def test_a_version_keeps_the_first_fit_whose_inputs_are_known_to_the_last_bit(connection, version):
    query = "select inputs_sha256, metrics, fitted_as_of, code from models.versions"
    record_fit(connection, "elo_logit", version, FIT)
    assert connection.execute(query).fetchone()[0] is None
    record_fit(connection, "elo_logit", version, replace(FIT, inputs_sha256="first"))
    record_fit(connection, "elo_logit", version, replace(FIT, inputs_sha256="second", as_of=AS_OF + timedelta(days=1)))
    assert connection.execute(query).fetchone() == ("first", FIT.metrics, AS_OF, FIT.code)


def test_a_batch_spans_what_was_sealed_inside_and_nothing_sealed_leaves_none(connection):
    seal_batch(connection, "x")
    assert batches(connection) == []
    seal_batch(connection, "x", MATCH, replace(MATCH, match_id="m2"))
    seal_batch(connection, "x", MATCH)
    seal_batch(connection, "x", MATCH, replace(MATCH, match_id="m3"))
    assert batches(connection) == [(1, 2), (3, 3)]


def test_batches_at_once_do_not_take_in_each_others_rows(connection, database_url):
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with sealed_together(connection, AS_OF, "replay", "x", RUN):
            seal(connection, [MATCH])
            second = pool.submit(seal_batch, other, "y", replace(MATCH, match_id="m2"))
            seal(connection, [replace(MATCH, match_id="m3")])
        connection.commit()
        second.result(timeout=10)
        other.commit()
    assert batches(connection) == [(1, 2), (3, 3)]


@pytest.mark.parametrize(
    "statement",
    ["update predictions.batches set kind = 'live'", "delete from predictions.batches", "truncate predictions.batches"],
)
def test_batches_are_never_changed(connection, statement):
    seal_batch(connection, "x", MATCH)
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement)


def test_a_trace_leads_to_the_bytes_and_where_they_came_from(connection, archive, inputs, version):
    manifest = inputs.keep(archive)
    record_fit(connection, "elo_logit", version, replace(FIT, inputs_sha256=manifest))
    for days, status in ((0, 200), (1, 304)):
        connection.execute(
            """
            insert into raw.fetches (source, path, url, status, sha256, seconds, fetched_at)
            values ('site', 'mmz4281/2324/E0.csv', 'https://site/E0.csv', %s, %s, 0.1, %s)
            """,
            [status, sha256_hex(b"english results"), FETCHED + timedelta(days=days)],
        )
    connection.execute("create table intermediate.int_match_spine (match_id text, league text, season text, "
                       "home_id text, away_id text)")  # fmt: skip
    connection.execute("insert into intermediate.int_match_spine values ('m1', 'E0', '2024-25', 'a', 'b')")
    seal_batch(connection, manifest, MATCH)
    traced = trace(connection, archive, "m1")
    assert traced == trace(connection, archive, "1") == json.loads(json.dumps(traced))
    assert traced["prediction"]["country"] == "England"
    assert traced["prediction"]["probabilities"] == {"home": 0.5, "draw": 0.3, "away": 0.2}
    model, batch = traced["model"], traced["batch"]
    assert (model["bundle"]["archived"], model["dagster_run_id"], model["code"]) == ("present", "dagster-run", FIT.code)
    assert [file["partition"] for file in model["inputs"]["files"]] == list(BODIES)
    # Ratings and form of an English club come from England's files.
    assert [file["partition"] for file in batch["inputs"]["files"]] == ["E0|2023-24", "E1|2023-24", "fixtures"]
    english, _, fixtures = batch["inputs"]["files"]
    assert (english["sha256"], english["archived"]) == (sha256_hex(b"english results"), "present")
    assert (english["url"], english["fetched_at"]) == ("https://site/E0.csv", FETCHED.isoformat())
    assert (fixtures["url"], fixtures["fetched_at"]) == (None, None)


def test_what_the_archive_lost_is_said_to_be_missing(connection, archive, inputs, version):
    manifest = inputs.keep(archive)
    record_fit(connection, "elo_logit", version, replace(FIT, inputs_sha256=manifest))
    seal_batch(connection, "0" * 64, MATCH)
    for body in (b"english results", b"graph"):
        digest = sha256_hex(body)
        (archive.root / digest[:2] / digest[2:]).unlink()
    traced = trace(connection, archive, "1")
    states = {file["partition"]: file["archived"] for file in traced["model"]["inputs"]["files"]}
    assert states == dict.fromkeys(BODIES, "present") | {"E0|2023-24": "missing"}
    assert traced["model"]["bundle"]["archived"] == "missing"
    unknown = dict.fromkeys(("partitions", "files", "seeds"))
    assert traced["batch"]["inputs"] == {"sha256": "0" * 64, "archived": "missing"} | unknown


def test_rows_from_before_manifests_were_kept_say_so(connection, archive, version):
    seal(connection, [MATCH, replace(MATCH, match_id="m2", model_version=7)])
    traced = trace(connection, archive, "m1")
    assert (traced["batch"], traced["model"]["inputs"], traced["model"]["code"]) == (None, None, None)
    assert trace(connection, archive, "m2")["model"]["registered"] is False


@pytest.mark.parametrize("unknown", ["2", "nobody", "", "9" * 40, "-1"])
def test_an_unknown_prediction_is_refused(connection, archive, unknown):
    seal(connection, [MATCH])
    with pytest.raises(UnknownPrediction, match="no sealed prediction"):
        trace(connection, archive, unknown)


def test_a_match_id_of_digits_alone_is_not_taken_for_a_number(connection, archive):
    seal(connection, [replace(MATCH, match_id="2"), replace(MATCH, match_id="other")])
    assert trace(connection, archive, "2")["prediction"]["seq"] == 1
