"""Connections of one worker: a small pool for requests, and a thread that keeps what is in memory like the tables."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row, dict_row
from psycopg_pool import AsyncConnectionPool

from footpred_dagster.core.keys import Key
from serving.errors import Problem

CONNECTIONS = 8
WAIT_SECONDS = 3.0
STATEMENT_MS = 10_000
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
LOOK = 0.25
"""Seconds after which the thread looks whether it shall end."""

log = logging.getLogger("footpred.service")


def arguments() -> dict[str, Any]:
    """A server that vanished is noticed within seconds."""
    return {
        "autocommit": True,
        "prepare_threshold": None,
        "application_name": "footpred-api",
        "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MS}",
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 5000,
    }


class Part(Protocol):
    """Something in memory that is made from tables; ``channels`` tell when they change."""

    @property
    def channels(self) -> Sequence[str]: ...

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Read anew and swap in one assignment: requests go on meanwhile."""
        ...


class Database:
    """The pool. ``up`` is what the watcher last saw."""

    def __init__(self) -> None:
        self.up = False
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None

    async def open(self, url: str) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_SECONDS,
            kwargs=arguments(),
            open=False,
            check=AsyncConnectionPool.check_connection,
            reconnect_timeout=30,
        )
        await self._pool.open(wait=False)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close(2)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Raises Problem at once while the database is known to be down."""
        if self._pool is None or not self.up:
            raise Problem("database-unavailable", "what is in memory is still served", headers={"Retry-After": "5"})
        async with self._pool.connection() as connection:
            yield connection

    async def rows(self, query: sql.SQL | sql.Composed, values: dict[str, Any]) -> list[dict[str, Any]]:
        async with self.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, values)
            return await cursor.fetchall()

    async def find_key(self, identity: str) -> Key | None:
        async with self.connection() as connection, connection.cursor(row_factory=class_row(Key)) as cursor:
            await cursor.execute("select * from serving.keys where id = %s", [identity])
            return await cursor.fetchone()

    async def lease(self, owner: str, rate: float, burst: int, block: int) -> tuple[int, float]:
        """(tokens granted, tokens that remain for all)."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "select * from serving.lease(%s, %s, %s, %s)", [owner, rate, burst, block]
            )
            granted, remaining = await cursor.fetchone() or (0, 0.0)
            return granted, remaining


class Watcher:
    """Refreshes parts when the database tells of a change, and every ``poll`` seconds in case it did not.

    ``told`` hears whether the database answers, each time that changes.
    """

    def __init__(self, url: str, parts: Sequence[Part], poll: float, told: Callable[[bool], None]) -> None:
        self._url, self._parts, self._poll, self._told = url, parts, poll, told
        self._ended = threading.Event()
        self._failing: dict[str, str] = {}
        self.tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self, wait: float) -> None:
        """Begin, and wait up to ``wait`` s until everything was read once."""
        self._thread.start()
        self.tried.wait(wait)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5)

    def _run(self) -> None:
        pause = FIRST_WAIT
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._url, **arguments()) as connection:
                    for channel in sorted({channel for part in self._parts for channel in part.channels}):
                        connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    self._refresh(connection, self._parts)
                    self._told(True)
                    self.tried.set()
                    pause = FIRST_WAIT
                    self._watch(connection)
            except psycopg.OperationalError as error:
                if pause == FIRST_WAIT:
                    log.warning("the database does not answer: %s", str(error).strip())
            except Exception:
                log.exception("watching the database failed")
            self._told(False)
            self.tried.set()
            self._ended.wait(pause)
            pause = min(pause * 2, LONGEST_WAIT)

    def _watch(self, connection: psycopg.Connection[Any]) -> None:
        polled = time.monotonic()
        while not self._ended.is_set():
            heard = {told.channel for told in connection.notifies(timeout=LOOK, stop_after=1)}
            if heard:  # what came along with it
                heard |= {told.channel for told in connection.notifies(timeout=0)}
            due = time.monotonic() - polled >= self._poll
            if due:
                polled = time.monotonic()
            self._refresh(connection, [part for part in self._parts if due or heard.intersection(part.channels)])
        self._refresh(connection, self._parts[-1:])

    def _refresh(self, connection: psycopg.Connection[Any], parts: Sequence[Part]) -> None:
        for part in parts:
            name = type(part).__name__
            try:
                part.refresh(connection)
                if self._failing.pop(name, None):
                    log.info("%s is read again", name)
            except psycopg.OperationalError:
                raise
            except Exception as error:
                text = f"{type(error).__name__}: {str(error).strip()}"
                if self._failing.get(name) != text:  # once, not at every poll
                    self._failing[name] = text
                    log.warning("%s cannot be read: %s", name, text)
