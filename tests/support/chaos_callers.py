"""Steady callers of a service that is disturbed: everything they ask and are answered is recorded with its times."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.support.service import KICKOFF
from tests.support.stage import OWNERS, Key, Stage

ANSWER_SECONDS = 30.0
PROBE_SECONDS = 5.0
DRAIN_SECONDS = 90.0
"""Tasks have so long to end when no fault is injected any more."""
PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": (KICKOFF + timedelta(days=9)).isoformat()}
ITEMS: list[tuple[dict[str, str], int]] = [({"match_id": "m1"}, 200), (PAIRING, 200), ({"match_id": "none"}, 404)]
"""Items of batches and tasks, and the status of each."""
LARGE = 2000
"""Items of every fourth task: it runs for a second or so."""


@dataclass(frozen=True)
class Answer:
    """``status``: 0 without one, ``told`` is the error then."""

    began: float
    ended: float
    call: str
    key: str
    status: int
    kind: str
    told: str


@dataclass(frozen=True)
class Readiness:
    """An answer of /readyz. ``status``: 0 without one."""

    began: float
    ended: float
    status: int
    state: str
    problems: str


@dataclass
class Asked:
    """A task. ``ids``: of every answer 202. ``outcomes``: (status, finished_at, digest of the result) as it was
    read; ``statuses``: of the items of its result."""

    owner: str
    idempotency_key: str
    began: float
    expected: list[int]
    ids: list[str] = field(default_factory=list)
    outcomes: list[tuple[str, str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@dataclass
class Record:
    answers: list[Answer] = field(default_factory=list)
    readiness: list[Readiness] = field(default_factory=list)
    tasks: list[Asked] = field(default_factory=list)


class Callers:
    """Threads, each with a connection of its own that is kept alive; they end when ``ending`` is set."""

    def __init__(self, stage: Stage, record: Record) -> None:
        self._stage, self._record = stage, record
        self.ending = threading.Event()
        self.abandoned = threading.Event()

    @contextmanager
    def calling(self, random: Random) -> Iterator[None]:
        """Meanwhile they call; afterwards tasks are followed to their ends."""
        every = [lambda http: self._lookups(http, "first"), lambda http: self._lookups(http, "second"), self._pairings]
        every += [self._batches, self._revoked, self._watch]
        draws = [Random(random.random()) for _ in OWNERS]
        every += [lambda http, o=o, d=d: self._tasks(http, o, d) for o, d in zip(OWNERS, draws, strict=True)]
        threads = [threading.Thread(target=self._run, args=(each,)) for each in every]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException:
            self.abandoned.set()
            raise
        finally:
            self.ending.set()
            deadline = time.monotonic() + DRAIN_SECONDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            self.abandoned.set()
            for thread in threads:
                thread.join()

    def _run(self, call: Callable[[httpx.Client], Any]) -> None:
        with httpx.Client(base_url=self._stage.service.url, timeout=ANSWER_SECONDS) as http:
            call(http)

    def _ask(self, http: httpx.Client, key: Key, method: str, path: str, **more: Any) -> httpx.Response | None:
        """None without an answer."""
        headers = {"X-API-Key": key.text} | more.pop("headers", {})
        call, began = f"{method} {path}", time.time()
        try:
            answer = http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            told = f"{type(error).__name__}: {error}"
            self._record.answers.append(Answer(began, time.time(), call, key.id, 0, "", told))
            return None
        told = answer.text[:300] if answer.status_code >= 400 else ""
        kind = answer.headers.get("content-type", "")
        self._record.answers.append(Answer(began, time.time(), call, key.id, answer.status_code, kind, told))
        return answer

    def _steadily(self, http: httpx.Client, owner: str, pause: float, method: str, path: str, **more: Any) -> None:
        while not self.ending.wait(pause):
            self._ask(http, self._stage.keys[owner], method, path, **more)

    def _lookups(self, http: httpx.Client, owner: str) -> None:
        self._steadily(http, owner, 0.2, "GET", "/predict/m1")

    def _pairings(self, http: httpx.Client) -> None:
        self._steadily(http, "second", 0.3, "POST", "/predict/", json=PAIRING)

    def _batches(self, http: httpx.Client) -> None:
        items = [item for item, _ in ITEMS]
        self._steadily(http, "third", 0.5, "POST", "/predict/batch/", json={"items": items})

    def _revoked(self, http: httpx.Client) -> None:
        """The five newest keys that were revoked, each time."""
        while not self.ending.wait(0.4):
            for revoked in self._stage.revoked[-5:]:
                self._ask(http, revoked.key, "GET", "/predict/m1")

    def _watch(self, _http: httpx.Client) -> None:
        """Each time on a connection of its own: all processes of the service are asked."""
        while not self.ending.is_set():
            began = time.time()
            try:
                answer = httpx.get(self._stage.service.url + "/readyz", timeout=PROBE_SECONDS)
            except httpx.HTTPError as error:
                found = Readiness(began, time.time(), 0, type(error).__name__, str(error))
            else:
                told = answer.json()
                found = Readiness(
                    began, time.time(), answer.status_code, told["status"], "; ".join(told.get("problems", ()))
                )
            self._record.readiness.append(found)
            self.ending.wait(max(0.0, began + 1 - time.time()))

    def _tasks(self, http: httpx.Client, owner: str, random: Random) -> None:
        while not self.ending.wait(0.3):
            times = LARGE // len(ITEMS) if random.random() < 0.25 else 1
            asked = Asked(owner, uuid4().hex, time.time(), [status for _, status in ITEMS] * times)
            self._record.tasks.append(asked)
            body = json.dumps({"items": [item for item, _ in ITEMS] * times})
            self._order(http, asked, body, twice=random.random() < 0.3)
            self.follow(http, asked)

    def _order(self, http: httpx.Client, asked: Asked, body: str, *, twice: bool) -> None:
        """Until it is accepted; with the same Idempotency-Key, and at times once more."""
        headers = {"Idempotency-Key": asked.idempotency_key, "Content-Type": "application/json"}
        while len(asked.ids) < 1 + twice and not self.abandoned.wait(0.1):
            key = self._stage.keys[asked.owner]
            answer = self._ask(http, key, "POST", "/predict/async/", content=body, headers=headers)
            if answer is not None and answer.status_code == 202:
                asked.ids.append(answer.json()["task_id"])
            elif self.ending.is_set() and not asked.ids:
                return
            else:
                self.abandoned.wait(0.5)

    def follow(self, http: httpx.Client, asked: Asked) -> None:
        """Until its outcome is read."""
        while asked.ids and not self._read(http, asked) and not self.abandoned.wait(0.2):
            pass

    def _read(self, http: httpx.Client, asked: Asked) -> bool:
        path = f"/monitoring/task_status/{asked.ids[0]}"
        answer = self._ask(http, self._stage.keys[asked.owner], "GET", path)
        told = answer.json() if answer is not None and answer.status_code == 200 else {"status": "queued"}
        if told["status"] in ("queued", "running"):
            return False
        asked.statuses = [item["status"] for item in told["result"]["items"]] if told["result"] else []
        digest = hashlib.sha256(json.dumps(told["result"]).encode()).hexdigest()
        asked.outcomes.append((told["status"], told["finished_at"], digest))
        return True


def read_again(stage: Stage, record: Record) -> None:
    """The outcome of each task once more."""
    callers = Callers(stage, record)
    with httpx.Client(base_url=stage.service.url, timeout=ANSWER_SECONDS) as http:
        for asked in record.tasks:
            callers.follow(http, asked)
