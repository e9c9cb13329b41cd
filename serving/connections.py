"""Connections to PostgreSQL whose every wait has a limit on this side: a server that hangs is noticed."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

STATEMENT_MS = 10_000
"""The server's limit of a statement."""
IDLE_MS = 5_000
"""The server's limit between two statements of a transaction: a process that freezes there would keep its locks."""
ANSWER_SECONDS = 12.0
"""The client's limit, for a server that does not apply its own."""
INTERVAL = 0.1

Result = TypeVar("Result")


def arguments(name: str = "footpred-api") -> dict[str, Any]:
    """Of a connection; a server that vanished is noticed within seconds."""
    return {
        "autocommit": True,
        "prepare_threshold": None,
        "application_name": name,
        "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MS} "
        f"-c idle_in_transaction_session_timeout={IDLE_MS}",
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 5000,
    }


class BoundedConnection(Connection[Any]):
    """Raises OperationalError and is closed when the server does not answer within ``answer_seconds``."""

    answer_seconds = ANSWER_SECONDS

    def wait(self, gen: PQGen[Result], interval: float = INTERVAL, timeout: float | None = None) -> Result:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            _close_if_waiting(self)
            raise


class BoundedAsyncConnection(AsyncConnection[Any]):
    """The same; and closed when its task is cancelled, rather than waiting for the server to cancel the statement."""

    async def wait(self, gen: PQGen[Result], interval: float = INTERVAL, timeout: float | None = None) -> Result:
        try:
            return await psycopg.waiting.wait_async(
                gen, self.pgconn.socket, interval=interval, timeout=ANSWER_SECONDS if timeout is None else timeout
            )
        except (psycopg.OperationalError, asyncio.CancelledError):
            _close_if_waiting(self)
            raise


def _close_if_waiting(connection: Connection[Any] | AsyncConnection[Any]) -> None:
    if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
        connection.pgconn.finish()
