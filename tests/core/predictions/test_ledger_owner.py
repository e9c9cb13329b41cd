"""What the owner of the database leaves behind who switches the triggers off and recomputes every hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from footpred_dagster.core.predictions import ledger_verifier
from footpred_dagster.core.predictions.anchors import put_anchor
from footpred_dagster.core.predictions.ledger import anchor, head, identity, seal, verify, verify_anchored
from footpred_dagster.core.predictions.ledger_export import export
from footpred_dagster.core.predictions.ledger_verifier import Anchor
from tests.support.sealed import live, rewrite_anchors, rewrite_rows, run_verifier

REWRITTEN = """
    update predictions.ledger_anchors set rows = least(rows, (select count(*) from predictions.ledger));
    update predictions.ledger_anchors
    set head = coalesce((select hash from predictions.ledger where seq = ledger_anchors.rows), '')
"""
SEEN_BY_ANCHORS_ONLY = ("edit", "drop")
ATTACKS = {
    "edit": "update predictions.ledger set p_home = 0.2, p_away = 0.5 where seq = 2",
    "drop": "delete from predictions.ledger where seq = 2; update predictions.ledger set seq = seq - 1 where seq > 2",
    "reorder": "update predictions.ledger set seq = -seq; update predictions.ledger set seq = 5 + seq where seq < 0",
    "back-date": "update predictions.ledger set sealed_at = sealed_at - interval '1 day', as_of = as_of - "
    "interval '1 day', latest_input = latest_input - interval '2 days' where seq = 3",
}


@pytest.mark.fault(46, "an owner with triggers off back-dates, reorders, drops, edits")
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_owner_who_rewrites_rows_and_anchors_is_found_by_who_kept_an_anchor(
    connection, archive, tmp_path, attack, capsys
):
    seal(connection, [live(match_id=f"m{number}") for number in range(1, 5)])
    anchor(connection, archive)
    earlier = export(connection, archive, tmp_path / "earlier").files[1]
    rewrite_rows(connection, ATTACKS[attack])
    rewrite_anchors(connection, REWRITTEN)
    connection.commit()
    assert verify(connection).ok == (attack in SEEN_BY_ANCHORS_ONLY)
    assert not verify_anchored(connection, archive).ok
    for path in archive.root.rglob("*-*"):
        if path.is_file():
            path.unlink()
    anchor(connection, archive)
    files = export(connection, archive, tmp_path / "today").files
    assert ledger_verifier.main(*files[:2]) == (0 if attack in SEEN_BY_ANCHORS_ONLY else 1)
    assert ledger_verifier.main(*files[:2], earlier) == 1
    assert "removed or rewritten" in capsys.readouterr().out


def test_a_live_row_that_an_owner_inserts_too_late_is_found(connection, archive, tmp_path):
    """With triggers off, hash and number to match: the anchor that lacks the row has a later time."""
    seal(connection, [live(), live(match_id="m2")])
    anchor(connection, archive)
    seal(connection, [live(match_id="late")])
    rewrite_rows(
        connection,
        "update predictions.ledger set sealed_at = sealed_at - interval '1 hour', as_of = as_of - interval '1 hour', "
        "latest_input = latest_input - interval '1 day' where seq = 3",
    )
    connection.commit()
    anchor(connection, archive)
    found = verify_anchored(connection, archive)
    assert found.bad_seq == 3
    assert "sealed_at is before that of the row before it" in str(found.problem)
    result = run_verifier(export(connection, archive, tmp_path).files)
    assert (result.returncode, result.stdout) == (1, f"row 3: {found.problem}\n")


def test_anchors_of_older_versions_still_count(connection, archive):
    seal(connection, [live()])
    first = head(connection).hash
    seal(connection, [live(match_id="m2")])
    connection.commit()
    put_anchor(archive, identity(connection), Anchor(1, first))
    assert [path.name[:13] for path in Path(archive.root / "anchors").rglob("*-*") if path.is_file()] == [
        "000000000001-"
    ]
    assert verify_anchored(connection, archive).ok
    put_anchor(archive, identity(connection), Anchor(2, "0" * 64))
    assert verify_anchored(connection, archive).bad_seq == 2
