"""Rate limits that hold across workers: one bucket of tokens an owner in the database, taken from in blocks.

A worker spends its block without asking anybody, and asks for the next before the last is spent. An owner thus never
gets more than its burst, what its rate refills, and one block a worker. Without the database each worker goes on alone.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import PoolTimeout

from footpred_dagster.core.api_keys import Key
from serving.http.errors import Problem

if TYPE_CHECKING:
    from serving.database import Database

BLOCKS = 10
"""A block is a tenth of the burst or of a second's tokens, whichever is less, but at least one."""
LEASE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """``remaining`` as far as this worker knows; ``reset``: whole seconds until there is a token again."""

    granted: bool
    burst: int
    remaining: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"ratelimit-limit", b"%d" % self.burst),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


class Bucket:
    """What one worker holds of an owner's tokens."""

    __slots__ = ("block", "burst", "lease", "left", "not_before", "rate", "refilled", "there")

    def __init__(self, key: Key) -> None:
        self.rate, self.burst = key.rate, key.burst
        self.block = max(1, math.floor(min(key.rate, key.burst) / BLOCKS))
        self.left, self.there = 0, key.burst
        self.not_before, self.refilled = 0.0, time.monotonic()
        self.lease: asyncio.Task[None] | None = None


class Limits:
    """Buckets by owner."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._buckets: dict[str, Bucket] = {}

    async def take(self, key: Key, tokens: int = 1, *, retry: int | None = None) -> Limit:
        """``tokens`` of ``key``'s owner, up to its burst, or when there will be as many; 0 shows what is left.

        ``retry``: how many the request needs when it comes again, where that is more.
        """
        bucket = self._buckets.get(key.owner)
        if bucket is None or (bucket.rate, bucket.burst) != (key.rate, key.burst):
            bucket = self._buckets[key.owner] = Bucket(key)
        while True:
            if (
                bucket.left - tokens < bucket.block // 2
                and bucket.lease is None
                and time.monotonic() >= bucket.not_before
            ):
                block = max(bucket.block, tokens - bucket.left)
                bucket.lease = asyncio.create_task(self._refill(key.owner, bucket, block))
            if bucket.left >= tokens or bucket.lease is None:
                break
            await asyncio.shield(bucket.lease)
        if bucket.left >= tokens:
            bucket.left -= tokens
            return Limit(True, bucket.burst, bucket.left + bucket.there, 0 if bucket.left else 1)
        wait = max(bucket.not_before - time.monotonic(), 0.0) + ((retry or tokens) - bucket.left - 1) / bucket.rate
        return Limit(False, bucket.burst, bucket.left if tokens > 1 else 0, max(1, math.ceil(wait)))

    async def _refill(self, owner: str, bucket: Bucket, block: int) -> None:
        try:
            async with asyncio.timeout(LEASE_SECONDS):
                granted, there = await self._database.lease(owner, bucket.rate, bucket.burst, block)
            bucket.left, bucket.there, bucket.refilled = bucket.left + granted, int(there), time.monotonic()
            if granted < block:  # the bucket is empty
                bucket.not_before = time.monotonic() + max((1 - there) / bucket.rate, 0.01)
        except (TimeoutError, psycopg.Error, PoolTimeout, Problem):
            self._alone(bucket)
        finally:
            bucket.lease = None

    def _alone(self, bucket: Bucket) -> None:
        """What was left when the database last answered, and from then on the whole rate for this worker."""
        now = time.monotonic()
        refilled = min(bucket.burst, bucket.there + int((now - bucket.refilled) * bucket.rate))
        bucket.not_before = max(now, bucket.refilled) + 1 / bucket.rate
        if refilled >= 1:
            bucket.left, bucket.there, bucket.refilled = bucket.left + refilled, 0, now
