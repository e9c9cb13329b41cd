"""The connections of requests to the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row, dict_row
from psycopg_pool import AsyncConnectionPool

from footpred_dagster.core.api_keys import ONE_KEY, Key
from serving.connections import BoundedAsyncConnection, arguments
from serving.http.errors import Problem

CONNECTIONS = 8
WAIT_SECONDS = 3.0


class Database:
    """A small pool. ``up``: whether the database answered the last query of a watcher."""

    def __init__(self) -> None:
        self.up = False
        self._pool: AsyncConnectionPool[BoundedAsyncConnection] | None = None

    async def open(self, url: str) -> None:
        self._pool = AsyncConnectionPool(
            url,
            connection_class=BoundedAsyncConnection,
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
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                connection = await self._pool.getconn()
        except TimeoutError:
            raise Problem("database-unavailable", "it does not answer", headers={"Retry-After": "5"}) from None
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)

    async def rows(self, query: sql.SQL | sql.Composed, values: dict[str, Any]) -> list[dict[str, Any]]:
        async with self.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, values)
            return await cursor.fetchall()

    async def find_key(self, identity: str) -> Key | None:
        async with self.connection() as connection, connection.cursor(row_factory=class_row(Key)) as cursor:
            await cursor.execute(ONE_KEY, [identity])
            return await cursor.fetchone()

    async def lease(self, owner: str, rate: float, burst: int, block: int) -> tuple[int, float]:
        """(tokens granted, tokens that remain for all)."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "select * from serving.lease(%s, %s, %s, %s)", [owner, rate, burst, block]
            )
            granted, remaining = await cursor.fetchone() or (0, 0.0)
            return granted, remaining
