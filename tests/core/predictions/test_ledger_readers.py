"""What a reader hands in and what stands in the ledger may be anything: the verdict is a sentence and an exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import main
from footpred_dagster.core.predictions.ledger import COLUMNS, anchor, seal, verify
from footpred_dagster.core.predictions.ledger_export import export
from footpred_dagster.core.predictions.ledger_verifier import Anchor, anchor_hash, read_anchors
from footpred_dagster.core.predictions.ledger_verifier import main as verifier
from tests.support.sealed import live

INSERT = f"insert into predictions.ledger ({', '.join(COLUMNS)}) values ({', '.join(['%s'] * len(COLUMNS))})".encode()
PLAIN = Anchor(1, "a" * 64, 1, datetime(2026, 8, 1, tzinfo=UTC))
KEPT = [PLAIN._replace(hash=anchor_hash(PLAIN, "")).as_json()]
NO_ANCHORS = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b"PAR1\x15\x04\xff",
    json.dumps({"ledger": "x"}).encode(),
    json.dumps({"ledger": "x", "anchors": [{"rows": 1}]}).encode(),
    json.dumps({"ledger": "x", "anchors": ["a"]}).encode(),
    json.dumps({"ledger": "x", "anchors": [KEPT[0] | {"at": "yesterday"}]}).encode(),
    json.dumps({"ledger": "x", "anchors": [KEPT[0] | {"more": 1}]}).encode(),
]
OF_ANOTHER = [
    json.dumps({"ledger": "x", "anchors": []}).encode(),
    json.dumps({"ledger": "y", "anchors": KEPT}).encode(),
]


@pytest.mark.parametrize("content", [*NO_ANCHORS, *OF_ANOTHER], ids=range(len(NO_ANCHORS + OF_ANOTHER)))
def test_a_file_that_holds_no_anchor_of_this_ledger_is_refused_by_name(tmp_path, content):
    path = tmp_path / "kept.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"kept\.json (is not an anchors\.json|holds no anchor of ledger x)"):
        read_anchors(str(path), "x")


def test_the_exported_verifier_says_what_is_wrong_with_a_file_and_exits_2(connection, archive, tmp_path, capsys):
    seal(connection, [live()])
    anchor(connection, archive)
    export(connection, archive, tmp_path)
    rows, anchors, other = (str(tmp_path / name) for name in ("ledger.parquet", "anchors.json", "other.json"))
    (tmp_path / "other.json").write_bytes(OF_ANOTHER[1])
    assert verifier(rows, anchors, anchors) == 0
    for files in ([rows, anchors, other], [rows, rows], [anchors, anchors], [str(tmp_path / "gone"), anchors]):
        assert verifier(*files) == 2
        assert "Traceback" not in capsys.readouterr().out


@pytest.fixture
def command(monkeypatch, database_url, archive):
    """``footpred ledger verify`` on this test's database and archive."""
    monkeypatch.setenv("FOOTPRED_DATABASE_URL", database_url)
    monkeypatch.setenv("FOOTPRED_STORAGE_URL", archive.root.as_uri())
    return lambda *arguments: CliRunner().invoke(main, ["ledger", "verify", *map(str, arguments)])


def test_the_command_refuses_a_file_that_is_none_with_exit_code_2(connection, archive, command, tmp_path):
    seal(connection, [live()])
    anchor(connection, archive)
    connection.commit()
    (tmp_path / "kept.json").write_bytes(b"PAR1")
    assert command().exit_code == 0
    refused = command("--earlier", tmp_path / "kept.json")
    assert (refused.exit_code, "is not an anchors.json of footpred ledger export" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("field", "time"),
    [
        ("kickoff", "infinity"),
        ("kickoff", "20000-01-01"),
        ("latest_input", "-infinity"),
        ("latest_input", "0044-03-15 BC"),
        ("latest_input", "0044-03-15"),
    ],
)
def test_a_time_that_no_match_can_have_is_refused_and_named_where_an_owner_let_it_in(connection, field, time):
    seal(connection, [live()])
    connection.commit()
    row = live(match_id="m2").values()
    values = dict(zip(COLUMNS, row, strict=True)) | {field: time}
    with pytest.raises(psycopg.errors.CheckViolation, match="ledger_instants"):
        connection.execute(INSERT, list(values.values()))
    connection.rollback()
    connection.execute("alter table predictions.ledger drop constraint ledger_instants")
    connection.execute(INSERT, list(values.values()))
    found = verify(connection)
    assert (found.ok, found.bad_seq) == (False, 2)


def test_a_ledger_whose_name_was_taken_away_is_no_traceback(connection, command):
    connection.execute("alter table predictions.ledger_identity disable trigger all")
    connection.execute("delete from predictions.ledger_identity")
    connection.commit()
    said = command()
    assert (said.exit_code, "ledger_identity was emptied" in said.output) == (1, True)
