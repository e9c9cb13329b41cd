"""A real S3 server on loopback: SeaweedFS, which checks signatures and honours conditional writes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ACCESS_KEY, SECRET_KEY = "AKIAFOOTPREDTEST", "planted-secret-of-the-tests"
READY_WITHIN = 60
GRPC_OFFSET = 10_000
_buckets = count(1)


@dataclass(frozen=True)
class S3Server:
    """``environment`` is what a process needs to reach it."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        return _client(self.url)

    def new_bucket(self) -> str:
        """An empty bucket that keeps every version of its objects, so that a test sees what was written twice."""
        name = f"archive-{next(_buckets)}"
        self.client().create_bucket(Bucket=name)
        self.client().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@cache
def _client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
    )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start the server on free ports, its data under ``folder``; it is ended by its process id."""
    config = folder / "s3.json"
    key = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    config.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [key], "actions": ["Admin"]}]}))
    (folder / "data").mkdir()
    roles = ("s3", "master", "filer", "volume", "admin")
    ports = dict(zip(roles, _free_ports(len(roles)), strict=True))
    command = [
        *(Path(sys.executable).with_name("weed"), "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-dir={folder / 'data'}", f"-s3.config={config}", "-s3.autoCreateBucket=false"),
        *(f"-{role}.port={port}" for role, port in ports.items()),
        *(f"-{role}.localSocket={folder / role}.sock" for role in ("s3", "filer")),
        *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
    ]
    log = folder / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        server = S3Server(f"http://127.0.0.1:{ports['s3']}")
        _wait_until(lambda: _answers(server), process, log)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)
        for role, port in ports.items():  # it puts these there whatever TMPDIR says, and forgets some
            Path(f"/tmp/seaweedfs-{role}-grpc-{port + GRPC_OFFSET}.sock").unlink(missing_ok=True)


def _answers(server: S3Server) -> bool:
    try:
        server.client().list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not ready():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.05)


def _free_ports(wanted: int) -> list[int]:
    """Ports free now, each with the one its gRPC twin takes."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < wanted:
            port = _bind(held, 0)
            if port and port + GRPC_OFFSET < 65536 and _bind(held, port + GRPC_OFFSET):
                found.append(port)
    return found


def _bind(held: ExitStack, port: int) -> int | None:
    listener = held.enter_context(socket.socket())
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        return None
    return int(listener.getsockname()[1])
