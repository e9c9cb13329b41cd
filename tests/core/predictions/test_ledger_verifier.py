"""What a reader who holds one earlier anchor finds, whatever the owner of the database did to the rest."""

from __future__ import annotations

import re
import struct
from datetime import timedelta
from functools import cache

import pytest

from footpred_dagster.core.predictions.ledger_verifier import Anchor, Verification, row_hash, verify_rows
from footpred_dagster.core.settings import PACKAGE_ROOT
from tests.support.attacks import (
    DAY,
    HOUR,
    KEPT,
    MINUTE,
    Attack,
    Ledger,
    anchored,
    at,
    attacks,
    chained,
    honest,
    replayed,
    row,
)

REST = {"drop", "reorder", "insert", "edit", "back-date"}
"""Kinds that are not found in rows after the newest anchor the reader holds, as the guide lists them."""
FALLS = "sealed_at is before that of the row before it, and no resume among the anchors explains it"
MICROSECOND = timedelta(microseconds=1)


def read(attack: Attack) -> Verification:
    return verify_rows(attack.rows, attack.anchors, [KEPT])


def found(attack: Attack) -> bool:
    """Refused, or a resume is named that the reader does not know."""
    result = read(attack)
    return not result.ok or any(resume.new for resume in result.resumes)


def within_sight(attack: Attack) -> bool:
    """Whether the attack touched what the reader's anchor fixes: its rows, the anchors before it, its time."""
    ledger = original()
    claims = [each["sealed_at"] for each in attack.rows[KEPT.rows :]]
    return (
        attack.rows[: KEPT.rows] != ledger.rows[: KEPT.rows]
        or (attack.anchors is not None and attack.anchors[: KEPT.number] != ledger.anchors[: KEPT.number])
        or any(claim <= (KEPT.at or claim) for claim in claims)
        or any(each.because for each in attack.anchors or [])
    )


@cache
def original() -> Ledger:
    return honest()


@cache
def tried() -> list[tuple[Attack, bool, bool]]:
    """Every attack, whether it is within sight, and whether it is found."""
    return [(attack, within_sight(attack), found(attack)) for attack in attacks()]


def test_the_honest_ledger_is_whole_with_and_without_the_list_of_anchors():
    ledger = honest()
    for anchors in (ledger.anchors, ledger.anchors[: KEPT.number], None):
        result = verify_rows(ledger.rows, anchors, [KEPT])
        assert (result.ok, result.rows, result.older, result.resumes) == (True, 12, (), ())


@pytest.mark.fault(46, "a writer with INSERT, or an owner with triggers off, back-dates, reorders, drops, edits")
def test_every_attack_on_what_the_newest_kept_anchor_fixes_is_found():
    visible = [(attack, seen) for attack, visible, seen in tried() if visible]
    kinds = {re.sub(r"\d+", "N", attack.name) for attack, _ in visible}
    assert len(kinds) >= 200
    assert [attack.name for attack, seen in visible if not seen] == []


def test_what_is_not_found_touches_only_rows_after_that_anchor_and_is_listed_in_the_guide():
    rest = [(attack, visible) for attack, visible, seen in tried() if not seen]
    assert {attack.group for attack, _ in rest} == REST | {"anchors"}
    assert not any(visible for _, visible in rest)
    guide = (PACKAGE_ROOT / "README.md").read_text(encoding="utf-8")
    assert "### The ledger and its readers" in guide
    assert all(f"**{group}**" in guide for group in REST | {"anchors", "resume"})


def hexes(*values: float) -> str:
    return "|".join(struct.pack(">d", value).hex() for value in values)


PREPARED = {"p_home": 0.8, "p_draw": 0.1, "p_away": 0.1, "rate_home": 0.1, "rate_away": 0.1, "rate_correction": 0.8}
NO_GRID = dict.fromkeys(("rate_home", "rate_away", "rate_correction"))
READ_ANEW = {
    "probabilities in the hash of features": {
        "feature_hash": f"{'a' * 16}|{hexes(0.8, 0.1, 0.1)}", "p_home": 0.1, "p_draw": 0.1, "p_away": 0.8, **NO_GRID},
    "one probability in the hash of features": {
        "feature_hash": f"{'a' * 16}|{hexes(0.8)}", "p_home": 0.1, "p_draw": 0.1, "p_away": 0.1,
        "rate_home": 0.1, "rate_away": 0.8, "rate_correction": None},
    "rates in the reasons": {**NO_GRID, "reasons": hexes(0.1, 0.1, 0.8) + '|{"form": 0.1}'},
    "the contract in the version": {
        "model_version": f"1|{'f' * 12}", "fingerprint": "a" * 16, "feature_hash": hexes(0.8),
        "p_home": 0.1, "p_draw": 0.1, "p_away": 0.1, "rate_home": 0.1, "rate_away": 0.8, "rate_correction": None},
}  # fmt: skip
"""Other rows with the same hashed text as the prepared one: fields are joined, and what is not there is left out."""


@pytest.mark.fault(46, "a writer with INSERT, or an owner with triggers off, back-dates, reorders, drops, edits")
@pytest.mark.parametrize("how", READ_ANEW)
def test_a_row_that_reads_otherwise_under_the_same_hash_is_found(how):
    ledger = chained([row(at(0), reasons='{"form": 0.1}', **PREPARED)])
    forged = [ledger[0] | READ_ANEW[how]]
    assert verify_rows(ledger).ok
    assert row_hash(forged[0], "") == ledger[0]["hash"]
    assert "row is malformed" in str(verify_rows(forged, anchored(ledger, [(1, at(1), None)])).problem)


@pytest.mark.parametrize("field", ["sealed_at", "kickoff", "role", "feature_hash", "p_home", "seq", "match_id"])
@pytest.mark.parametrize("value", [None, "gone"])
def test_a_row_without_a_field_is_refused_and_stops_no_verifier(field, value):
    (whole,) = chained([row(at(0))])
    lacking = {name: each for name, each in whole.items() if name != field}
    found = verify_rows([lacking if value else lacking | {field: None}])
    assert (found.bad_seq, found.problem) == (1, f"row is malformed: {field}")


def after(*rows: dict, taken: int = 1, **changes: object) -> Verification:
    """The verdict on ``rows`` that follow an anchor of an empty ledger, an hour before the first."""
    done = chained(rows)
    return verify_rows(done, anchored(done, [(0, at(-60), None)] * taken))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_live_row_is_sealed_within_ten_minutes_of_its_as_of(side):
    def apart(distance: timedelta) -> Verification:
        return after(row(at(0), as_of=at(0) + side * distance))

    assert apart(10 * MINUTE).ok
    assert apart(10 * MINUTE + MICROSECOND).problem == "live row was sealed more than 10 minutes from its as_of"


def test_a_live_row_is_sealed_before_kickoff_and_a_replay_need_not():
    assert after(row(at(0), as_of=at(-1), kickoff=at(0) + MICROSECOND)).ok
    assert after(row(at(0), as_of=at(-1), kickoff=at(0))).problem == "live row was not sealed before kickoff"
    assert after(replayed(at(0))).ok
    assert "neither live nor replay" in str(after(replayed(at(0), kind="backtest")).problem)


def test_sealed_at_never_falls_and_may_stay():
    assert after(row(at(0)), row(at(0))).ok
    result = after(row(at(0)), row(at(0) - MICROSECOND))
    assert result.lines()[0] == f"row 2: {FALLS}"


def test_a_row_is_sealed_after_every_anchor_that_lacks_it():
    assert after(row(at(-60) + MICROSECOND)).ok
    result = after(row(at(-60)))
    assert (result.bad_seq, result.lines()[0]) == (
        1,
        "row 1: sealed_at is not after 2026-08-01T11:00:00.000000Z, when anchor 1 lacked the row",
    )


def test_an_anchor_is_not_earlier_than_the_rows_it_counts():
    rows = chained([row(at(0))])
    assert verify_rows(rows, anchored(rows, [(0, at(-1), None), (1, at(0), None)])).ok
    result = verify_rows(rows, anchored(rows, [(0, at(-1), None), (1, at(0) - MICROSECOND, None)]))
    assert result.lines()[0] == "anchor 2: anchor is earlier than sealed_at of the newest row it counts"


def test_a_list_of_anchors_is_whole_and_in_order():
    rows = honest().rows
    anchors = honest().anchors
    fewer = anchored(rows, [(3, at(20), None), (2, at(60), None)])
    for listed, says in (
        ([anchors[0], *anchors[2:]], "anchor 2: anchor is missing"),
        ([*anchors, anchors[1]._replace(rows=5)], "anchor 2: there are two anchors of this number"),
        ([anchors[0], anchors[1]._replace(rows=5), *anchors[2:]], "anchor 2: anchor does not match its hash"),
        (fewer, "anchor 2: anchor has fewer rows than the one before it"),
    ):
        assert verify_rows(rows, listed).lines()[0].startswith(says)


def test_breaches_before_the_first_anchor_with_a_time_are_listed_and_not_refused():
    rows = chained([row(at(0)), row(at(-9)), row(at(1), as_of=at(-20)), row(at(30))])
    untimed = Anchor(2, rows[1]["hash"])
    result = verify_rows(rows, [untimed, *anchored(rows, [(3, at(20), None)])])
    assert result.ok
    assert [seq for seq, _ in result.older] == [2, 3]
    assert result.lines()[1:][0] == f"row 2, before the first anchor with a time: {FALLS}"
    assert verify_rows(rows, [untimed, *anchored(rows, [(1, at(20), None)])]).bad_seq == 2


def test_a_resume_is_named_with_its_reason_and_the_rows_whose_times_cannot_be_compared():
    ahead = [row(at(0)), row(at(600))]
    rows = chained([*ahead, row(at(10), match_id="a"), row(at(20), match_id="b"), row(at(700), match_id="c")])
    taken = [(0, at(-60), None), (2, at(601), None), (2, at(5), "the clock was ahead"), (3, at(12), None)]
    result = verify_rows(rows, anchored(rows, taken))
    assert result.ok
    (resume,) = result.resumes
    assert (resume.rows, resume.until, resume.seconds_back, resume.new) == (2, 4, 596 * 60, False)
    assert result.lines()[1:] == [
        "the order of times begins anew after row 2, at 2026-08-01T12:05:00.000000Z, 35760 s back (rows 3 to 4 cannot "
        "be compared with earlier anchors), because: 'the clock was ahead'"
    ]
    without = [each for each in taken if each[2] is None]
    assert verify_rows(rows, anchored(rows, without)).lines()[0].startswith("anchor 3: anchor is earlier")
    assert verify_rows(rows, anchored(rows, without[:2])).bad_seq == 3


def test_after_a_resume_the_order_holds_again():
    rows = chained([row(at(600)), row(at(10)), row(at(9))])
    taken = [(0, at(-60), None), (1, at(600), None), (1, at(5), "ahead")]
    assert verify_rows(rows, anchored(rows, taken)).bad_seq == 3
    assert verify_rows(chained([row(at(600)), row(at(5))]), anchored(rows, taken)).bad_seq == 2


def test_a_reader_of_rows_alone_learns_of_breaches():
    ledger = honest()
    assert len(verify_rows(chained([*ledger.rows, row(at(0) - DAY - HOUR)])).older) == 1
