"""wrk: as many requests as 16 connections take, and how long each took."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """``rate``: requests a second; ``p50`` and ``p99``: milliseconds; ``bad``: answers that were not 200, and none."""

    rate: float
    p50: float
    p99: float
    bad: int


def measure(
    url: str, *, key: str = "", bodies: Sequence[str] = (), seconds: float = 4, folder: Path, header: str = ""
) -> Measured:
    """GET ``url``, or POST the JSON ``bodies`` in turn, for so many seconds after one to get warm."""
    assert WRK, "wrk is not installed"
    file = folder / "bodies.txt"
    file.write_text("\n".join(bodies))
    command = [WRK, "-t1", f"-c{CONNECTIONS}", "-s", str(SCRIPT), "--timeout", "30s"]
    for wait in (1, seconds):
        done = subprocess.run(
            [*command, f"-d{wait}s", url, "--", key, str(file), header], capture_output=True, text=True, check=True
        )
    said = json.loads(done.stdout.rpartition("RESULT ")[2])
    return Measured(said["requests"] / said["seconds"], said["p50"], said["p99"], said["bad"])
