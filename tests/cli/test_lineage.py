"""What ``footpred lineage`` and ``footpred reproduce`` say and end with; the fit itself is stood in for."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner, Result

from footpred_dagster.cli import reproduce
from footpred_dagster.cli.group import main
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.lineage.input_manifest import Inputs, Partition
from footpred_dagster.core.lineage.trace import FitRecord, RunIds, record_fit
from footpred_dagster.core.predictions.ledger import Prediction, seal

AS_OF = datetime(2024, 8, 1, tzinfo=UTC)
CODE = {"parser": "2", "model": "m", "libraries": "numpy 2"}
ROW = {"league": "all", "seasons": "2324", "n": 56, "log_loss": 0.95, "rps": 0.19, "se": None}
AGAIN = {"bundle_sha256": "a" * 64, "metrics": [ROW], "code": CODE}


@pytest.fixture
def footpred(database_url, tmp_path, monkeypatch):
    """Runs a command in this process, on a home with one version and one sealed prediction."""
    monkeypatch.setenv("FOOTPRED_DATABASE_URL", database_url)
    monkeypatch.setenv("FOOTPRED_HOME", str(tmp_path))
    archive = LocalArchive(tmp_path / "archive")
    body = Partition("E0|2023-24", "mmz4281/2324/E0.csv", archive.put(b"results"), "2")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
            values ('elo_logit', 1, 'f', %s, %s, 56, 'production'), ('elo_logit', 2, 'f', 'b', now(), 56, 'production')
            """,
            ["a" * 64, AS_OF],
        )
        record = FitRecord(Inputs((body,), ()).keep(archive), [ROW], AS_OF, CODE, "abc", RunIds("run", "correlation"))
        record_fit(connection, "elo_logit", 1, record)
        times = (datetime(2024, 8, 10, tzinfo=UTC), AS_OF, datetime(2024, 5, 1, tzinfo=UTC))
        seal(connection, [Prediction("m1", *times, "replay", "champion", "elo_logit", 1, "f", "a", 0.5, 0.3, 0.2)])

    def footpred(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return footpred


def again(monkeypatch, **changes) -> None:
    monkeypatch.setattr(reproduce, "_fit_again", lambda _settings, _then: AGAIN | changes)


def test_the_same_scores_and_bundle_exit_0(footpred, monkeypatch):
    again(monkeypatch)
    done = footpred("reproduce", "--model-version", "1", "--model", "elo_logit")
    assert done.exit_code == 0
    assert "code and libraries are those of then" in done.stdout
    assert "bundle aaaaaaaaaaaa: identical" in done.stdout
    assert "every metric is reproduced" in done.stdout
    told = json.loads(footpred("reproduce", "--model-version", "1", "--model", "elo_logit", "--json").stdout)
    assert (told["identical"], told["bundle"]["identical"], told["code"]["changed"]) == (True, True, [])
    assert [line["difference"] for line in told["metrics"] if line["metric"] == "log_loss"] == [0]


def test_scores_that_differ_exit_1_and_other_code_is_named_as_the_reason(footpred, monkeypatch):
    again(monkeypatch, metrics=[ROW | {"rps": 0.2}], code=CODE | {"libraries": "numpy 3"})
    done = footpred("reproduce", "--model-version", "1", "--model", "elo_logit")
    assert done.exit_code == 1
    assert "code differs from then in libraries (commit abc then)" in done.stdout
    assert "metrics differ, which the other code may explain" in done.stdout


def test_another_bundle_that_scores_the_same_is_told_and_is_no_failure(footpred, monkeypatch):
    again(monkeypatch, bundle_sha256="c" * 64)
    done = footpred("reproduce", "--model-version", "1", "--model", "elo_logit")
    assert (done.exit_code, "another one, cccccccccccc" in done.stdout) == (0, True)


def test_a_parser_that_changed_since_some_file_was_loaded_is_named(footpred, monkeypatch):
    again(monkeypatch, code=CODE | {"parser": "3"})
    told = json.loads(footpred("reproduce", "--model-version", "1", "--model", "elo_logit", "--json").stdout)
    assert told["code"]["changed"] == ["parser"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--model-version", "1"), "there is no champion: name the recipe with --model"),
        (("--model-version", "9", "--model", "elo_logit"), "elo_logit has no version 9"),
        (("--model-version", "2", "--model", "elo_logit"), "what it was fitted on is not recorded"),
        (("--model-version", "0"), "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_fitted_again_exits_2(footpred, arguments, reason):
    done = footpred("reproduce", *arguments)
    assert (done.exit_code, reason in done.stderr) == (2, True)


def test_a_row_from_before_batches_were_kept_is_drawn_with_what_there_is(footpred):
    tree = footpred("lineage", "--prediction", "m1")
    assert tree.exit_code == 0
    assert "prediction 1 of m1: no longer listed" in tree.stdout
    assert "batch not recorded" in tree.stdout
    assert "E0: " in tree.stdout
    assert "bundle aaaaaaaaaaaa missing" in tree.stdout
