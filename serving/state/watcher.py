"""Threads that keep what is in memory equal to the tables, and know what they could not refresh and since when."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import psycopg
from psycopg import sql

from serving.connections import BoundedConnection, arguments

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
LOOK = 0.25
"""Seconds after which a thread looks whether it shall end."""
LOCK_MS = 1_000
"""A table that another session holds locked delays the other parts by no more."""
LATE_SECONDS = 10.0
"""A part that could not be refreshed for so long is a problem."""

log = logging.getLogger("footpred.service")


class Part(Protocol):
    """Something in memory that is made from tables; ``channels`` notify of changes."""

    @property
    def channels(self) -> Sequence[str]: ...

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Read anew and swap in one assignment: requests go on meanwhile."""
        ...


class Progress:
    """Of one part: since when it is not refreshed, by ``time.monotonic()``, None while it is; and the last error."""

    def __init__(self, part: Part) -> None:
        self.part, self.name = part, type(part).__name__
        self.since: float | None = time.monotonic()
        self.error: str | None = None

    def begin(self) -> None:
        if self.since is None:
            self.since = time.monotonic()

    def succeed(self) -> None:
        if self.error is not None:
            log.info("%s is refreshed again", self.name)
        self.since = self.error = None

    def fail(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {str(error).strip()}"
        if self.error != text:  # once, not at every poll
            log.warning("%s cannot be refreshed: %s", self.name, text)
        self.error = text

    @property
    def late_seconds(self) -> float:
        """How long it could not be refreshed; 0 while that is no problem yet."""
        since = self.since
        late = 0.0 if since is None else time.monotonic() - since
        return late if late >= LATE_SECONDS else 0.0


class Watcher:
    """One thread with a connection of its own: refreshes ``parts`` when the database notifies, and every ``poll`` s.

    ``on_change`` is called with whether the database answers, each time that changes. A statement that fails is a
    fault of its part; only a lost connection, or one that does not answer, is one of the database. ``final`` is
    refreshed once more at the end.
    """

    def __init__(
        self,
        url: str,
        parts: Sequence[Part],
        poll: float,
        *,
        answer_seconds: float | None = None,
        on_change: Callable[[bool], None] = lambda up: None,
        final: Part | None = None,
    ) -> None:
        self._url, self._poll, self._on_change, self._final = url, poll, on_change, final
        self.progress = [Progress(part) for part in parts]
        self._answer_seconds = answer_seconds
        self._channels = sorted({channel for part in parts for channel in part.channels})
        self._ended = threading.Event()
        self.tried = threading.Event()
        """Set once every part was tried."""
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5)

    def _run(self) -> None:
        pause = FIRST_WAIT
        while not self._ended.is_set():
            try:
                with self._connection() as connection:
                    for channel in self._channels:
                        connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    self._refresh(connection, self.progress)
                    self._on_change(True)
                    self.tried.set()
                    pause = FIRST_WAIT
                    self._watch(connection)
            except psycopg.OperationalError as error:
                if pause == FIRST_WAIT:
                    log.warning("the database does not answer: %s", str(error).strip())
            except Exception:
                log.exception("watching the database failed")
            self._on_change(False)
            self.tried.set()
            for progress in self.progress:
                progress.begin()
            self._ended.wait(pause)
            pause = min(pause * 2, LONGEST_WAIT)

    @contextlib.contextmanager
    def _connection(self) -> Any:
        with BoundedConnection.connect(self._url, **arguments()) as connection:
            if self._answer_seconds is not None:
                connection.answer_seconds = self._answer_seconds
            connection.execute(sql.SQL("set lock_timeout = {}").format(LOCK_MS))
            yield connection

    def _watch(self, connection: psycopg.Connection[Any]) -> None:
        polled = time.monotonic()
        while not self._ended.is_set():
            changed = {notice.channel for notice in connection.notifies(timeout=LOOK, stop_after=1)}
            if changed:  # the same transaction may notify on several channels
                changed |= {notice.channel for notice in connection.notifies(timeout=0)}
            due = time.monotonic() - polled >= self._poll
            if due:
                polled = time.monotonic()
                connection.execute("select 1")
            parts = [each for each in self.progress if due or changed.intersection(each.part.channels)]
            self._refresh(connection, parts)
        self._refresh(connection, [each for each in self.progress if each.part is self._final])

    def _refresh(self, connection: psycopg.Connection[Any], parts: Sequence[Progress]) -> None:
        for progress in parts:
            progress.begin()  # all of them: one that waits for another is late as well
        for progress in parts:
            try:
                progress.part.refresh(connection)
                progress.succeed()
            except Exception as error:
                if connection.closed:
                    raise
                progress.fail(error)
