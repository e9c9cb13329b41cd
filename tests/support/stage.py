"""A whole installation on one machine, each part a process: the service, its queue, PostgreSQL of its own, S3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from footpred_dagster.core import api_keys as keys
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.database.connection import migrate
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.registry.versions import ModelVersion
from tests.support.postgres import own_home
from tests.support.proxy import Proxy
from tests.support.s3 import s3_server
from tests.support.service import Served, World, build, fitted, serving
from tests.support.workers import Worker, worker

POLL_SECONDS = 1.0
QUEUE_WORKERS, SERVICE_WORKERS = 2, 2
OWNERS = ("first", "second", "third")


@dataclass(frozen=True)
class Key:
    id: str
    text: str


@dataclass(frozen=True)
class Revoked:
    """``began`` and ``ended``: of the statement that revoked it."""

    key: Key
    began: float
    ended: float


@dataclass
class Stage:
    """``home``: of PostgreSQL. ``storage``: the way to S3. ``versions``: models, the champion last.

    ``keys``: the valid one of each owner. ``revoked``: in order.
    """

    world: World
    home: Path
    folder: Path
    storage: Proxy
    environment: dict[str, str]
    versions: list[ModelVersion]
    stack: ExitStack
    service: Served = field(init=False)
    queue: list[Worker] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    revoked: list[Revoked] = field(default_factory=list)

    def start_worker(self) -> None:
        """``queue``: those that run; ``workers``: all there were."""
        self.queue.append(self.stack.enter_context(worker(self.world, self.folder, **self.environment)))
        self.workers.append(self.queue[-1])

    def issue_key(self, owner: str) -> None:
        self.keys[owner] = Key(*self.world.new_key(owner, owner=owner, rate=10_000, burst=10_000))

    def revoke_key(self, random: Random) -> None:
        """Callers have a new one first."""
        owner = random.choice(OWNERS)
        old = self.keys[owner]
        self.issue_key(owner)
        began = time.time()
        with self.world.connect() as connection:
            keys.revoke(connection, old.id)
        self.revoked.append(Revoked(old, began, time.time()))


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Everything runs; every process is ended at the end."""
    with ExitStack() as stack:
        home = stack.enter_context(own_home())
        url = EmbeddedPostgres(home).start()
        migrate(url)
        world = build(url, folder)
        with world.connect() as connection:
            other = fitted(connection, LocalArchive(world.archive), seed_season="2017-18")
        (folder / "s3").mkdir()
        s3 = stack.enter_context(s3_server(folder / "s3"))
        bucket = s3.new_bucket()
        for path in world.archive.rglob("*"):
            if path.is_file():
                key = path.relative_to(world.archive).as_posix()
                s3.client().put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        storage = Proxy(s3.url)
        stack.callback(storage.close)
        environment = s3.environment | {
            "AWS_ENDPOINT_URL_S3": storage.url,
            "FOOTPRED_STORAGE_URL": f"s3://{bucket}",
            "FOOTPRED_SERVICE_POLL": str(POLL_SECONDS),
        }
        stage = Stage(world, home, folder, storage, environment, [other, world.version], stack)
        for owner in OWNERS:
            stage.issue_key(owner)
        children: list[psutil.Process] = []
        stack.callback(_end, children)
        stage.service = stack.enter_context(serving(world, folder, workers=SERVICE_WORKERS, **environment))
        above = psutil.Process(stage.service.process.pid)
        stack.callback(lambda: children.extend(above.children(recursive=True)))
        for _ in range(QUEUE_WORKERS):
            stage.start_worker()
        yield stage


def _end(children: list[psutil.Process]) -> None:
    """Those that did not end with the process above them."""
    for child in psutil.wait_procs(children, timeout=15)[1]:
        child.kill()
