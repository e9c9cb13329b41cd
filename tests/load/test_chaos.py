"""``make load``: an installation in which one thing after the other fails keeps what it promises.

MINUTES: how long faults are injected. SEED: that of an earlier run, for the same sequence of faults.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.chaos import Injected, inject, plan
from tests.support.chaos_callers import Answer, Asked, Callers, Readiness, Record, read_again
from tests.support.stage import POLL_SECONDS, Stage, staged

MINUTES = float(os.environ.get("MINUTES", "30"))
SEED = int(os.environ.get("SEED") or secrets.randbelow(10**6))
pytestmark = [pytest.mark.load, pytest.mark.timeout(60 * MINUTES + 600)]
REVOKED_SECONDS = POLL_SECONDS + 2.0
"""Until a revoked key opens nothing while the database answers: a poll, and what a busy machine needs."""
RESET_SECONDS = 2.0
LATE_SECONDS = 15.0
"""Within so long after a fault begins or ends, /readyz is right again and requests are answered."""
TAKEN_OVER_SECONDS = 45.0
SHOWN = 30
Complaints = Iterator[tuple[float, str]]
"""(time, what is wrong)."""


def test_one_fault_after_the_other(tmp_path):
    print(f"\nSEED={SEED} MINUTES={MINUTES:g}", flush=True)  # noqa: T201
    random, record, history = Random(SEED), Record(), []
    with staged(tmp_path) as stage:
        started = time.time()
        with Callers(stage, record).calling(Random(random.random())):
            time.sleep(3)
            for fault, seconds, pause, draws in plan(random):
                if time.time() > started + 60 * MINUTES:
                    break
                print(f"{time.time() - started:6.0f} s: {fault.name} for {seconds:.0f} s", flush=True)  # noqa: T201
                inject(stage, fault, seconds, draws, history)
                time.sleep(pause)
            time.sleep(LATE_SECONDS)
        read_again(stage, record)
        found = [
            *answers_complained_of(record.answers, history, stage),
            *readiness_complained_of(record.readiness, history),
            *tasks_complained_of(record.tasks, stored(stage), history),
            *takeovers_complained_of(stage, history),
        ]
    accepted = [asked for asked in record.tasks if asked.ids]
    print(f"{len(history)} faults, {len(record.answers)} answers, {len(record.readiness)} of /readyz, ", end="")  # noqa: T201
    print(f"{len(accepted)} tasks, {len(stage.revoked)} keys revoked", flush=True)  # noqa: T201
    lines = [f"{at - started:7.1f} s: {what} [{during(at, history, started)}]" for at, what in sorted(found)]
    if lines:
        pytest.fail("\n".join([f"SEED={SEED}: {len(lines)} complaints", *lines[:SHOWN]]), pytrace=False)
    assert accepted
    assert record.answers[-1].status == 200


def during(at: float, history: list[Injected], started: float) -> str:
    """The fault at a moment, or the last before it."""
    last = next((each for each in reversed(history) if each.began <= at), None)
    if last is None:
        return "before any fault"
    state = "during" if at <= last.ended else f"{at - last.ended:.1f} s after"
    return f"{state} {last.fault.name}, {last.began - started:.1f} to {last.ended - started:.1f} s"


def disturbed(began: float, ended: float, history: list[Injected]) -> list[Injected]:
    """Faults that a time touches, or that ended shortly before it."""
    return [each for each in history if each.began <= ended and began <= each.ended + LATE_SECONDS]


def answers_complained_of(answers: list[Answer], history: list[Injected], stage: Stage) -> Complaints:
    revoked = {each.key.id: each for each in stage.revoked}
    for answer in answers:
        faults = disturbed(answer.began, answer.ended, history)
        what = f"{answer.call}: {answer.status} {answer.told} after {answer.ended - answer.began:.2f} s"
        end_of_key = revoked.get(answer.key)
        if answer.status == 0:
            if not reset(answer.began, answer.ended, faults):
                yield answer.began, what
        elif answer.status >= 500:
            if answer.status != 503 or answer.kind != "application/problem+json" or not faults:
                yield answer.began, what
        elif answer.status == 401:
            if end_of_key is None or answer.ended < end_of_key.began:
                yield answer.began, f"{what}, the key is valid"
        elif answer.status not in (200, 202):
            yield answer.began, what
        elif end_of_key is not None and answer.began > last_opened(end_of_key.ended, history):
            yield answer.began, f"{what}, the key was revoked {answer.began - end_of_key.ended:.1f} s before"


def last_opened(revoked: float, history: list[Injected]) -> float:
    """Until when a key may open something: a poll, or until the service can read keys again."""
    until = revoked + REVOKED_SECONDS
    away = [each for each in history if each.fault.down and each.began <= until and revoked <= each.ended]
    return max([until, *(each.ended + LATE_SECONDS for each in away)])


def reset(began: float, ended: float, faults: list[Injected]) -> bool:
    """Whether a process that was to answer may have been killed."""
    return any(began - RESET_SECONDS <= each.began <= ended for each in faults if each.fault.resets)


def readiness_complained_of(samples: list[Readiness], history: list[Injected]) -> Complaints:
    """What /readyz answers is fixed while no fault is injected and during one, but for a while after each change."""
    for sample in samples:
        faults = disturbed(sample.began, sample.ended, history)
        lasting = [each for each in faults if each.made + LATE_SECONDS < sample.began and sample.ended < each.over]
        found = (sample.status, sample.state)
        if not sample.status:
            right = reset(sample.began, sample.ended, faults)
        elif lasting and (named := lasting[-1].fault.named):
            expected = (503, "unavailable") if lasting[-1].fault.down else (200, "degraded")
            right = found == expected and named in sample.problems
        else:
            right = found == (200, "ready") or (bool(faults) and not lasting)
        if not right:
            yield sample.began, f"/readyz: {sample.status} {sample.state} {sample.problems}"


def stored(stage: Stage) -> list[dict[str, Any]]:
    with stage.world.connect() as connection:
        cursor = connection.execute("""
            select task_id::text, owner, idempotency_key, status, attempts, failures,
                extract(epoch from created_at)::float, extract(epoch from finished_at)::float from serving.tasks
        """)
        names = ("id", "owner", "key", "status", "attempts", "failures", "created", "finished")
        return [dict(zip(names, row, strict=True)) for row in cursor]


def tasks_complained_of(tasks: list[Asked], rows: list[dict[str, Any]], history: list[Injected]) -> Complaints:
    """Also of those whose acceptance got lost on the way."""
    by_key = {(row["owner"], row["key"]): row for row in rows}
    for row in rows:
        at = row["created"]
        if row["status"] != "done":
            yield at, f"task {row['id']} is {row['status']} after {row['attempts']} attempts, {row['failures']} failed"
        ended = row["finished"] or time.time()
        if row["failures"] and not any(each.fault.fails for each in disturbed(at, ended, history)):
            yield at, f"task {row['id']}: {row['failures']} of {row['attempts']} attempts count as failed"
    for asked in tasks:
        if not asked.ids:
            continue
        row = by_key.get((asked.owner, asked.idempotency_key))
        at = asked.began
        if row is None or set(asked.ids) != {row["id"]}:
            yield at, f"one Idempotency-Key gave the tasks {asked.ids}, stored is {row}"
        elif len(asked.outcomes) != 2 or len(set(asked.outcomes)) != 1:
            yield at, f"task {row['id']} was read as {asked.outcomes}"
        elif asked.statuses != asked.expected:
            yield at, f"task {row['id']} has items of status {sorted(set(asked.statuses))}"


def takeovers_complained_of(stage: Stage, history: list[Injected]) -> Complaints:
    """A worker is taken for dead by others only if it was, or had been cut off for long enough."""
    for path in sorted({each.log for each in stage.workers}):
        for at, message in messages(path):
            jobs, _, what = message.partition(" ")
            if what.startswith("jobs of dead workers taken over") and jobs != "0":
                causes = [each for each in history if each.fault.cuts_off and each.began <= at]
                if not causes or at > causes[-1].ended + TAKEN_OVER_SECONDS:
                    yield at, message


def messages(path: Path) -> Iterator[tuple[float, str]]:
    for line in path.read_text().splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and "message" in told:
            yield datetime.fromisoformat(told["at"]).timestamp(), told["message"]
