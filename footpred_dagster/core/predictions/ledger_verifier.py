"""Verify an exported ledger: python verify.py ledger.parquet [anchors.json [EARLIER_anchors.json ...]].

Needs pyarrow and nothing of footpred. Each row's hash is the sha256 of its fields and of the hash before it. Anchors,
taken at least hourly, state how many rows there were, the hash of the newest and the time, and are chained as well.
They show rows cut off the end, a chain computed anew, and rows that claim a time before an anchor without them. Pass
anchors you exported earlier: an owner can rewrite the rest.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

INSTANTS = ("kickoff", "as_of", "latest_input", "sealed_at")
MADE_BY = ("kind", "role", "model_name", "model_version", "fingerprint", "feature_hash")
PROBABILITIES = ("p_home", "p_draw", "p_away")
GRID = ("rate_home", "rate_away", "rate_correction")
LIVE_WITHIN, LISTED = timedelta(minutes=10), 20  # as_of and sealed_at of a live row; printed breaches of old rows
FORMS: dict[str, type] = dict.fromkeys(("match_id", *MADE_BY), str) | dict.fromkeys(INSTANTS, datetime)
FORMS |= dict.fromkeys(("seq", "model_version"), int) | dict.fromkeys(PROBABILITIES, float)


class Anchor(NamedTuple):
    """The ledger had ``rows``, the newest with hash ``head`` ('' without rows), ``at`` the time of the database.

    Numbered from 1, ``hash`` covers the fields and the hash of the anchor before it. ``because`` is the reason given to
    ``footpred ledger resume``: the clock was set back, and the order of times begins anew here. Anchors of footpred
    before schema 0031 have ``rows`` and ``head`` only.
    """

    rows: int
    head: str
    number: int = 0
    at: datetime | None = None
    because: str | None = None
    hash: str = ""

    def as_json(self) -> dict[str, Any]:
        return self._asdict() | {"at": _utc_text(self.at)} if self.at else {"rows": self.rows, "head": self.head}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Anchor:
        return cls(**entry | {"at": datetime.fromisoformat(entry["at"])} if entry.get("at") else entry)


@dataclass(slots=True)
class Resume:
    """A resume anchor, ``seconds_back`` from the time reached before it, which the rows after it, to ``until``, do not
    reach. ``new``: not among those that the reader kept."""

    number: int
    rows: int
    at: str
    because: str
    seconds_back: float
    until: int
    new: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """``rows`` that are whole, ``head`` the hash of the last of them, and the first bad row or anchor with its problem.
    ``older``: (seq, breach) of rows before the first anchor with a time; they are listed and not refused.
    """

    rows: int
    head: str
    bad_seq: int | None = None
    problem: str | None = None
    bad_anchor: int | None = None
    older: tuple[tuple[int, str], ...] = ()
    resumes: tuple[Resume, ...] = ()

    @property
    def ok(self) -> bool:
        return self.problem is None

    def lines(self, anchors: int = 0) -> list[str]:
        """The verdict beside so many anchors, resumes by name, and breaches in old rows, which are not refused."""
        where = f"row {self.bad_seq}" if self.bad_seq else f"anchor {self.bad_anchor}"
        whole = f"{self.rows} rows are whole, {anchors} anchors agree, head {self.head}"
        older = [f"row {seq}, before the first anchor with a time: {breach}" for seq, breach in self.older]
        older[LISTED:] = [f"and {len(older) - LISTED} more rows like that"] if len(older) > LISTED else []
        return [whole if self.ok else f"{where}: {self.problem}", *map(_remark, self.resumes), *older]


def canonical(row: Mapping[str, Any], previous: str) -> str:
    """What is hashed: fields joined by ``|``, instants in UTC, floats as 8 bytes; grid and reasons where there are."""
    fields = [previous, str(row["seq"]), row["match_id"], *(_utc_text(row[name]) for name in INSTANTS)]
    fields += [str(row[name]) for name in MADE_BY]
    fields += [_bytes_of(row[name]) for name in (*PROBABILITIES, *GRID) if row[name] is not None]
    return "|".join(fields if row["reasons"] is None else [*fields, row["reasons"]])


def row_hash(row: Mapping[str, Any], previous: str) -> str:
    """The hash a row must carry, given the hash of the row before it ('' for the first)."""
    return hashlib.sha256(canonical(row, previous).encode()).hexdigest()


def anchor_hash(anchor: Anchor, previous: str) -> str:
    """The hash an anchor with a time must carry, given the hash of the anchor before it ('' for the first)."""
    assert anchor.at is not None
    fields = [previous, str(anchor.number), str(anchor.rows), anchor.head, _utc_text(anchor.at)]
    fields += [] if anchor.because is None else [anchor.because]
    return hashlib.sha256("|".join(fields).encode()).hexdigest()


def verify_rows(
    rows: Iterable[Mapping[str, Any]],
    anchors: Iterable[tuple[Any, ...]] | None = None,
    earlier: Iterable[tuple[Any, ...]] = (),
) -> Verification:
    """Recompute the chain of ``rows`` in order of ``seq``; stops at the first row or anchor that breaks a rule.

    ``anchors``: all there are now, as Anchor or pairs of rows and head; None when there is no list. ``earlier``: what
    the reader kept, which must be among them. Rules of time hold for rows after the first anchor with a time.
    """
    given, kept = [Anchor(*each) for each in anchors or ()], [Anchor(*each) for each in earlier]
    broken = _broken_list(_in_order(given)) or (None if anchors is None else _missed(given, kept))
    course = _Course(_in_order(kept if anchors is None else given), kept)
    expected: dict[int, set[str]] = {}
    for each in (*given, *kept):
        expected.setdefault(each.rows, set()).add(each.head)
    expected.pop(0, None)
    head, count = "", 0
    if broken := broken or course.at(0):
        return course.verdict(0, "", None, *broken)
    for row in rows:
        seq = count + 1
        problem = _malformed(row) or _broken_link(row, seq, head) or course.untimely(row)
        if problem is None and expected.pop(seq, {row["hash"]}) != {row["hash"]}:
            problem = "chain was made anew: row differs from its anchor"
        if problem is not None:
            return course.verdict(count, head, seq, problem)
        head, count = row["hash"], seq
        if broken := course.at(count):
            return course.verdict(count, head, None, *broken)
    cut = [count + 1, f"rows were cut off: {max(expected)} were anchored, {count} are there"] if expected else []
    return course.verdict(count, head, *cut)


def _malformed(row: Mapping[str, Any]) -> str | None:
    """Fields not of their one form: the hash covers them joined, so that another form could hide a value elsewhere."""
    wrong = [name for name, form in FORMS.items() if not isinstance(row.get(name), form) or "|" in str(row[name])]
    wrong += GRID if len({row.get(name) is None for name in GRID}) > 1 else ()
    wrong += [] if (row.get("reasons") or "{").startswith("{") else ["reasons"]
    return f"row is malformed: {', '.join(wrong)}" if wrong else None


def _broken_link(row: Mapping[str, Any], seq: int, head: str) -> str | None:
    if row["seq"] != seq:
        return "row is missing"
    if row_hash(row, head) != row["hash"]:
        return "row does not match its hash"
    if not row["latest_input"] < row["as_of"] < row["kickoff"]:
        return "row was not made before kickoff from inputs before its as_of"
    return None


def _in_order(anchors: Iterable[Anchor]) -> list[Anchor]:
    return sorted((each for each in anchors if each.at is not None), key=lambda each: each.number)


def _broken_list(timed: list[Anchor]) -> tuple[str, int] | None:
    """What is wrong with the first anchor that breaks the chain of anchors or its order, and its number."""
    before = Anchor(0, "")
    for number, each in enumerate(timed, 1):
        if each.number < number:
            return "there are two anchors of this number: one was written anew", each.number
        if each.number > number:
            return "anchor is missing: the list must be whole; pass a part that you kept as a further file", number
        if anchor_hash(each, before.hash) != each.hash:
            return "anchor does not match its hash: it or one before it was changed", number
        if each.rows < before.rows:
            return "anchor has fewer rows than the one before it: rows were removed in between", number
        if each.because is None and before.at and each.at and each.at < before.at:
            return "anchor is earlier than the one before it, and is no resume", number
        before = each
    return None


def _missed(given: list[Anchor], kept: list[Anchor]) -> tuple[str, int] | None:
    lost = _in_order(set(kept) - set(given))
    return ("anchor that you kept is not there today: it was removed or rewritten", lost[0].number) if lost else None


class _Course:
    """The order in time, followed row by row and anchor by anchor."""

    def __init__(self, timed: list[Anchor], kept: list[Anchor]) -> None:
        self._ahead, self._kept = deque(timed), kept
        self._sealed: datetime | None = None
        self._anchor: Anchor | None = None
        self._regained: datetime | None = None
        self._older: list[tuple[int, str]] = []
        self._resumes: list[Resume] = []

    def untimely(self, row: Mapping[str, Any]) -> str | None:
        """What is wrong with the times of the next row; None also where that is only listed."""
        breach, sealed = self._breach(row), row["sealed_at"]
        self._sealed = sealed
        if self._regained is not None and sealed <= self._regained:
            self._resumes[-1].until = row["seq"]
        if breach and self._anchor is None:
            self._older.append((row["seq"], breach))
            return None
        return breach

    def _breach(self, row: Mapping[str, Any]) -> str | None:
        sealed, anchor = row["sealed_at"], self._anchor
        if row["kind"] not in ("live", "replay"):
            return f"row is labelled {row['kind']!r}, neither live nor replay"
        if row["kind"] == "live" and abs(row["as_of"] - sealed) > LIVE_WITHIN:
            return "live row was sealed more than 10 minutes from its as_of"
        if row["kind"] == "live" and sealed >= row["kickoff"]:
            return "live row was not sealed before kickoff"
        if self._sealed is not None and sealed < self._sealed:
            return "sealed_at is before that of the row before it, and no resume among the anchors explains it"
        if anchor is not None and anchor.at is not None and sealed <= anchor.at:
            return f"sealed_at is not after {_utc_text(anchor.at)}, when anchor {anchor.number} lacked the row"
        return None

    def at(self, count: int) -> tuple[str, int] | None:
        """Pass the anchors taken at ``count`` rows: what is wrong with one that contradicts them, and its number."""
        while self._ahead and self._ahead[0].rows == count:
            anchor = self._ahead.popleft()
            assert anchor.at is not None
            if anchor.because is not None:
                self._resume(anchor, anchor.at)
            elif self._sealed is not None and anchor.at < self._sealed:
                return "anchor is earlier than sealed_at of the newest row it counts", anchor.number
            self._anchor = anchor
        return None

    def _resume(self, anchor: Anchor, at: datetime) -> None:
        times = (at, self._sealed, self._anchor.at if self._anchor else None, self._regained)
        reached = max(time for time in times if time is not None)
        back, new = (reached - at).total_seconds(), bool(self._kept) and anchor not in self._kept
        told = (anchor.number, anchor.rows, _utc_text(at), str(anchor.because))
        self._resumes.append(Resume(*told, seconds_back=back, until=anchor.rows, new=new))
        self._sealed, self._regained = None, reached

    def verdict(self, rows: int, head: str, *bad: Any) -> Verification:
        """``bad``: in the order of Verification."""
        return replace(Verification(rows, head, *bad), older=tuple(self._older), resumes=tuple(self._resumes))


def _remark(resume: Resume) -> str:
    text = f"the order of times begins anew after row {resume.rows}, at {resume.at}, {resume.seconds_back:.0f} s back"
    if resume.until > resume.rows:
        text += f" (rows {resume.rows + 1} to {resume.until} cannot be compared with earlier anchors)"
    return f"{text}{', not in the anchors you kept' if resume.new else ''}, because: {resume.because!r}"


def _utc_text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bytes_of(value: float) -> str:
    return struct.pack(">d", value).hex()


def read_anchors(path: str, kept_of: str | None = None) -> tuple[str, list[Anchor]]:
    """Ledger's id and anchors, as exported; ``kept_of``: which it must hold one of. Raises ValueError otherwise."""
    try:
        with open(path, encoding="utf-8") as file:
            listed = json.load(file)
        ledger, anchors = str(listed["ledger"]), [Anchor.from_json(entry) for entry in listed["anchors"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not an anchors.json of footpred ledger export") from error
    if kept_of and (ledger != kept_of or not anchors):
        raise ValueError(f"{path} holds no anchor of ledger {kept_of}: {len(anchors)} of {ledger}")
    return ledger, anchors


def main(exported: str, anchored: str | None = None, *kept: str) -> int:
    """Print the verdict; 0 when the chain is whole, 1 when it is not, 2 when a file is not what it should be."""
    from pyarrow import parquet

    try:
        ledger, anchors = read_anchors(anchored) if anchored else (None, None)
        earlier = [anchor for path in kept for anchor in read_anchors(path, ledger)[1]]
        batches = parquet.ParquetFile(exported).iter_batches()
        result = verify_rows((row for batch in batches for row in batch.to_pylist()), anchors, earlier)
    except (ValueError, OSError, KeyError) as error:  # KeyError: a column is missing
        print(error)  # noqa: T201
        return 2
    print("\n".join(result.lines(len(anchors or ()))))  # noqa: T201
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
