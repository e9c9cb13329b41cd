"""Tasks: predictions made by a worker while their asker does something else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, to_builtins

from serving.schemas.predictions import BatchAnswer, PredictRequest
from serving.schemas.problem import ProblemDetails

MOST_ITEMS = 50_000
"""Ten seconds of a worker, and 40 MB of answer."""


class TaskItems(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 50 000 matches or pairings. One that is not as it should be fails alone."""

    items: Annotated[list[Any], Meta(min_length=1, max_length=MOST_ITEMS)]


class TaskRequest(PredictRequest, frozen=True, forbid_unknown_fields=True):
    """One match or pairing, or up to 50 000 in ``items``, of which one that is not as it should be fails alone."""

    items: Annotated[list[Any], Meta(min_length=1, max_length=MOST_ITEMS)] | None = None

    def __post_init__(self) -> None:
        if self.items is None:
            super().__post_init__()
        elif any(value is not None for value in (self.match_id, self.league, self.home, self.away, self.kickoff)):
            raise ValueError("items stand alone")

    @property
    def all_items(self) -> list[Any]:
        return [to_builtins(self.asked)] if self.items is None else self.items


class Task(Struct, frozen=True):
    """``items``: how many were asked for. ``attempts``: how often a worker began it. ``problem``: why it failed, or of
    a queued one why its last attempt did. ``expires_at``: until then it can be asked for.
    """

    task_id: UUID
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    items: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    problem: ProblemDetails | None


class TaskWithResult(Task, frozen=True):
    """``result``: one item for each asked, in their order, once it is done."""

    result: BatchAnswer | None = None


class DeadTask(Struct, frozen=True):
    """A task that failed and is tried no more."""

    task_id: UUID
    items: int
    attempts: int
    finished_at: datetime
    problem: ProblemDetails


class Queue(Struct, frozen=True):
    """``oldest_seconds``: since the oldest that waits was asked for. ``dead``: the newest of your failed tasks, of
    everybody's for a key with the scope admin.
    """

    name: str
    queued: int
    running: int
    failed: int
    oldest_seconds: float | None
    dead: list[DeadTask]


class Queues(Struct, frozen=True):
    queues: list[Queue]


class Worker(Struct, frozen=True):
    """``alive``: it was heard of in the last seconds; the jobs of one that was not are given to another."""

    id: int
    heard_at: datetime
    alive: bool
    running: int


class Workers(Struct, frozen=True):
    workers: list[Worker]
