"""A small ledger in memory, and attacks on it by the owner of the database, who recomputes hashes as well."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from footpred_dagster.core.predictions.ledger_verifier import Anchor, anchor_hash, row_hash

Row = dict[str, Any]
START = datetime(2026, 8, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def row(sealed: datetime, **changes: Any) -> Row:
    """A live row sealed at its as_of, a day before kickoff, unless ``changes`` say otherwise."""
    usual = {
        "match_id": f"m{sealed:%d%H%M}",
        "kickoff": sealed + DAY,
        "as_of": sealed,
        "latest_input": sealed - 3 * DAY,
        "kind": "live",
        "role": "champion",
        "model_name": "stack",
        "model_version": 1,
        "fingerprint": "f" * 12,
        "feature_hash": "a" * 16,
        "p_home": 0.5,
        "p_draw": 0.3,
        "p_away": 0.2,
        "rate_home": None,
        "rate_away": None,
        "rate_correction": None,
        "reasons": None,
        "sealed_at": sealed,
    }
    return usual | changes


def replayed(sealed: datetime, **changes: Any) -> Row:
    past = sealed - 100 * DAY
    times = {"as_of": past, "kickoff": past + DAY, "latest_input": past - DAY}
    return row(sealed, **{"kind": "replay", "reasons": '{"form": 0.1}', **times, **changes})


def chained(rows: Sequence[Row], first: int = 1) -> list[Row]:
    """``rows`` numbered anew, with hashes to match from number ``first`` on; those before keep theirs."""
    done: list[Row] = []
    for seq, each in enumerate(rows, 1):
        if seq < first:
            done.append(each)
            continue
        numbered = each | {"seq": seq}
        done.append(numbered | {"hash": row_hash(numbered, done[-1]["hash"] if done else "")})
    return done


def anchored(rows: Sequence[Row], taken: Sequence[tuple[int, datetime, str | None]]) -> list[Anchor]:
    """Anchors of a number of rows, a time and the reason of a resume, numbered and chained."""
    done: list[Anchor] = []
    for number, (length, at, because) in enumerate(taken, 1):
        plain = Anchor(length, rows[length - 1]["hash"] if length else "", number, at, because)
        done.append(plain._replace(hash=anchor_hash(plain, done[-1].hash if done else "")))
    return done


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


TAKEN = [(3, at(20), None), (6, at(60), None), (6, at(120), None), (8, at(180), None), (10, at(240), None)]
LATER = [(12, at(300), None)]
"""An anchor of after the reader's copy."""


@dataclass(frozen=True)
class Ledger:
    rows: list[Row]
    anchors: list[Anchor]

    @property
    def taken(self) -> list[tuple[int, datetime, str | None]]:
        return [(each.rows, each.at or START, each.because) for each in self.anchors]


def honest() -> Ledger:
    """Twelve rows, live and replayed in turn; three from before the first anchor, two after the newest kept one."""
    minutes = (1, 2, 3, 30, 31, 50, 130, 131, 190, 191, 250, 251)
    rows = chained([(row if n % 2 else replayed)(at(minute), match_id=f"m{n}") for n, minute in enumerate(minutes)])
    return Ledger(rows, anchored(rows, [*TAKEN, *LATER]))


KEPT = honest().anchors[len(TAKEN) - 1]
"""The newest anchor that the reader holds: ten rows."""


@dataclass(frozen=True)
class Attack:
    """What the reader is given afterwards; ``anchors`` None: no list of them. ``group`` names the kind in the guide."""

    name: str
    group: str
    rows: list[Row]
    anchors: list[Anchor] | None


def edits() -> Iterator[tuple[str, Callable[[Row], Row]]]:
    changes: dict[str, Callable[[Row], Any]] = {
        "p_home": lambda row: {"p_home": 0.2, "p_away": 0.5},
        "match_id": lambda row: {"match_id": "another"},
        "kickoff": lambda row: {"kickoff": row["kickoff"] + HOUR},
        "as_of": lambda row: {"as_of": row["as_of"] - HOUR},
        "latest_input": lambda row: {"latest_input": row["latest_input"] - HOUR},
        "label": lambda row: {"kind": {"live": "replay", "replay": "live"}[row["kind"]]},
        "no label": lambda row: {"kind": "backtest"},
        "role": lambda row: {"role": "challenger"},
        "model": lambda row: {"model_version": 2},
        "model name": lambda row: {"model_name": "base_rate"},
        "fingerprint": lambda row: {"fingerprint": "e" * 12},
        "features": lambda row: {"feature_hash": "b" * 16},
        "last bit of p_draw": lambda row: {"p_draw": math.nextafter(row["p_draw"], 1)},
        "kickoff a minute earlier": lambda row: {"kickoff": row["kickoff"] - MINUTE},
        "as_of a minute later": lambda row: {"as_of": row["as_of"] + MINUTE},
        "a microsecond earlier": lambda row: {"sealed_at": row["sealed_at"] - timedelta(microseconds=1)},
        "an hour earlier": lambda row: {name: row[name] - HOUR for name in ("sealed_at", "as_of", "latest_input")},
        "reasons": lambda row: {"reasons": '{"form": 9}'},
        "rates": lambda row: {"rate_home": 1.0, "rate_away": 1.0, "rate_correction": 0.0},
        "a day earlier": lambda row: {name: row[name] - DAY for name in ("sealed_at", "as_of", "latest_input")},
        "a day later": lambda row: {"sealed_at": row["sealed_at"] + DAY},
    }
    for name, change in changes.items():
        yield name, lambda row, change=change: row | change(row)


def row_attacks(rows: list[Row]) -> Iterator[tuple[str, str, int, list[Row]]]:
    """Name, group, the first number touched, and the rows in their new order, hashes and numbers as they were."""
    for i, old in enumerate(rows):
        yield f"drop {i + 1}", "drop", i + 1, rows[:i] + rows[i + 1 :]
        yield f"truncate to {i}", "drop", i + 1, rows[:i]
        if i + 1 < len(rows):
            yield f"swap {i + 1}", "reorder", i + 1, [*rows[:i], rows[i + 1], old, *rows[i + 2 :]]
            yield f"move {i + 1} to the end", "reorder", i + 1, [*rows[:i], *rows[i + 1 :], old]
            # What was predicted changes places, and the times stay in order.
            pair = [old | {"match_id": rows[i + 1]["match_id"]}, rows[i + 1] | {"match_id": old["match_id"]}]
            yield f"exchange {i + 1}", "reorder", i + 1, [*rows[:i], *pair, *rows[i + 2 :]]
        forged = row(old["sealed_at"] + timedelta(seconds=1), match_id="forged")
        yield f"insert after {i + 1}", "insert", i + 2, [*rows[: i + 1], forged, *rows[i + 1 :]]
        yield f"replace {i + 1}", "edit", i + 1, [*rows[:i], row(old["sealed_at"], match_id="forged"), *rows[i + 1 :]]
        yield f"{i + 1} twice", "insert", i + 2, [*rows[: i + 1], old, *rows[i + 1 :]]
        for name, change in edits():
            yield f"edit {i + 1}: {name}", "edit", i + 1, [*rows[:i], change(old), *rows[i + 1 :]]
    for minutes in (-60 * 24 * 30, -60, 0, 30, 100, 150, 200, 239, 240):
        yield f"append of {minutes}", "back-date", len(rows) + 1, [*rows, row(at(minutes), match_id="forged")]
    gap = row(at(245), match_id="forged")
    yield "a row of between the reader's anchor and now", "back-date", 11, [*rows[:10], gap, *rows[10:]]
    last = rows[-1]["sealed_at"] + MINUTE
    for name, changes in {
        "as_of too old": {"as_of": last - 11 * MINUTE},
        "as_of too new": {"as_of": last + 11 * MINUTE},
        "after kickoff": {"kickoff": last - MINUTE, "as_of": last - 2 * MINUTE},
        "at kickoff": {"kickoff": last, "as_of": last - MINUTE},
        "no label": {"kind": "backtest"},
        "input of the future": {"latest_input": last + MINUTE},
    }.items():
        yield f"append {name}", "back-date", len(rows) + 1, [*rows, row(last, **changes)]


def repairs(rows: list[Row], ledger: Ledger, first: int) -> Iterator[tuple[str, list[Row], list[Anchor] | None]]:
    """How thoroughly the traces are removed."""
    whole = chained(rows, first)
    fitting = [each for each in ledger.taken if each[0] <= len(whole)]
    yield "as it is", [{"seq": seq, "hash": "0" * 64} | each for seq, each in enumerate(rows, 1)], ledger.anchors
    yield "chain recomputed", whole, ledger.anchors
    yield "anchors rewritten", whole, anchored(whole, fitting)
    yield "anchors removed", whole, []
    yield "anchors withheld", whole, None
    yield "later anchors removed", whole, [each for each in ledger.anchors if each.rows < first]


def anchor_attacks(ledger: Ledger) -> Iterator[tuple[str, list[Anchor]]]:
    anchors, taken = ledger.anchors, ledger.taken
    for i, old in enumerate(anchors):
        yield f"drop anchor {i + 1}", [*anchors[:i], *anchors[i + 1 :]]
        yield f"renumber after {i + 1}", anchored(ledger.rows, [*taken[:i], *taken[i + 1 :]])
        yield f"anchor {i + 1} twice", [*anchors, old._replace(at=(old.at or START) + MINUTE)]
        for name, changed in {
            "rows": old._replace(rows=old.rows - 1),
            "head": old._replace(head="0" * 64),
            "time": old._replace(at=(old.at or START) - 5 * MINUTE),
            "reason": old._replace(because="maintenance"),
            "number": old._replace(number=old.number + 100),
        }.items():
            yield f"anchor {i + 1}: {name}", [*anchors[:i], changed, *anchors[i + 1 :]]
            rehashed = changed._replace(hash=anchor_hash(changed, anchors[i - 1].hash if i else ""))
            yield f"anchor {i + 1}: {name}, with its hash", [*anchors[:i], rehashed, *anchors[i + 1 :]]
        length, when, _ = taken[i]
        early = [*taken[:i], (length, when - 5 * MINUTE, None), *taken[i + 1 :]]
        yield f"anchor {i + 1} earlier, all with hashes", anchored(ledger.rows, early)
    for i, j in product(range(len(anchors)), repeat=2):
        if i < j:
            swapped = list(anchors)
            swapped[i] = anchors[j]._replace(number=anchors[i].number)
            swapped[j] = anchors[i]._replace(number=anchors[j].number)
            yield f"swap anchors {i + 1} and {j + 1}", swapped


def attacks() -> Iterator[Attack]:
    ledger = honest()
    for name, group, first, rows in row_attacks(ledger.rows):
        for how, repaired, anchors in repairs(rows, ledger, first):
            yield Attack(f"{name}, {how}", group, repaired, anchors)
    for name, rewritten in anchor_attacks(ledger):
        yield Attack(name, "anchors", ledger.rows, rewritten)
    for length in range(len(ledger.rows) + 1):
        taken = sorted([*ledger.taken, (length, START - DAY, "the clock was wrong")], key=lambda each: each[0])
        back = START - HOUR
        forged = [*ledger.rows[:length], row(back, match_id="forged")]
        kept = [each for each in taken if each[0] <= length]
        yield Attack(f"resume after {length}", "resume", rows := chained(forged, length + 1), anchored(rows, kept))
        yield Attack(f"resume at {length} alone", "resume", ledger.rows, anchored(ledger.rows, taken))
