"""Servers that a test or benchmark starts, waits for and ends."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from footpred_dagster.core.settings import PACKAGE_ROOT

PATIENCE = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str], port: int, path: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of ``command``, once ``port`` accepts connections and, of an HTTP server, ``path`` answers 200."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command), cwd=PACKAGE_ROOT, env=os.environ | dict(environment), stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port, path):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, path: str) -> bool:
    with suppress(OSError, urllib.error.URLError):
        if not path:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).status == 200
    return False
