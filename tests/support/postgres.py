"""A look at an embedded server from outside, and the end of one whatever state a test left it in."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from footpred_dagster.core.database.embedded_server import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]


def discard(home: Path) -> None:
    """Stop the server of a home, if need be by force, and remove the home and a cluster folder elsewhere."""
    record = home / "postgres" / "cluster"
    folders = [home, Path(record.read_text().strip())] if record.exists() else [home]
    try:
        EmbeddedPostgres(home).stop()
    finally:
        for folder in folders:
            for file in folder.rglob("postmaster.pid"):
                with suppress(OSError, ValueError):
                    pid = int(file.read_text().split("\n")[0])
                    if str(file.parent).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder)


def query(server: EmbeddedPostgres, sql: str) -> list[tuple[object, ...]]:
    url = server.url()
    assert url
    with psycopg.connect(url, connect_timeout=5) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def postmaster(home: Path) -> int:
    return int((EmbeddedPostgres(home)._place() / "data" / "postmaster.pid").read_text().split("\n")[0])


@contextmanager
def own_home() -> Iterator[Path]:
    """A FOOTPRED_HOME that another account can reach, as in a normal checkout; pytest's tmp_path is 0700."""
    home = Path(tempfile.mkdtemp(prefix="footpred-test-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        discard(home)
