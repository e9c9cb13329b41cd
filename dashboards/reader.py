"""Reads of the dashboard: a few read-only connections and a cache with a time to live, shared by all sessions."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

TTL = 30.0
MOST_RESULTS = 300
CONNECTIONS = 4
CONNECT_SECONDS = 3
OPTIONS = "-c timezone=UTC -c default_transaction_read_only=on -c statement_timeout=10000"


class DatabaseDown(RuntimeError):
    """No connection could be had, or it broke."""


class Reader:
    """Rows by query. ``url`` is asked for when a connection is opened, as the embedded server may not run yet.

    Results are shared: nobody may change them.
    """

    def __init__(self, url: Callable[[], str], ttl: float = TTL) -> None:
        self._url, self._ttl = url, ttl
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: list[psycopg.Connection[Row]] = []
        self._lock = threading.Lock()
        self._results: OrderedDict[tuple[str, ...], tuple[float, list[Row]]] = OrderedDict()

    def rows(self, query: LiteralString, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Rows as dictionaries, at most a time to live old. Raises DatabaseDown, and psycopg.Error for the rest."""
        return self.derived((query, repr(sorted((params or {}).items()))), lambda: self._ask(query, params))

    def row(self, query: LiteralString, params: Mapping[str, Any] | None = None) -> Row | None:
        rows = self.rows(query, params)
        return rows[0] if rows else None

    def derived(self, key: tuple[str, ...], make: Callable[[], list[Row]]) -> list[Row]:
        """What ``make`` computes from rows, kept as long as they are."""
        with self._lock:
            found = self._results.get(key)
        if found and time.monotonic() < found[0]:
            return found[1]
        rows = make()
        with self._lock:
            self._results[key] = (time.monotonic() + self._ttl, rows)
            self._results.move_to_end(key)
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)
        return rows

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, query: LiteralString, params: Mapping[str, Any] | None) -> list[Row]:
        with self._slots:
            while True:
                with self._lock:
                    idle = self._idle.pop() if self._idle else None
                connection = idle or self._connect()
                try:
                    rows = connection.execute(query, params).fetchall()
                except psycopg.Error as error:
                    if not connection.broken:
                        self._keep(connection)
                        raise
                    connection.close()
                    if idle is None:
                        raise DatabaseDown from error
                    continue  # it broke while nobody used it: the server may long be back
                self._keep(connection)
                return rows

    def _keep(self, connection: psycopg.Connection[Row]) -> None:
        with self._lock:
            self._idle.append(connection)

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            return psycopg.connect(
                self._url(),
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
                connect_timeout=CONNECT_SECONDS,
                options=OPTIONS,
                application_name="footpred-dashboard",
            )
        except (psycopg.OperationalError, OSError, RuntimeError) as error:
            raise DatabaseDown from error
