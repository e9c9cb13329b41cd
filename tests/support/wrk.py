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
    """GET ``url``, or POST the JSON ``bodies`` in turn, for so many seconds after one to get warm.

    The first third of many bodies is for that one alone, so that no measured request was made before.
    """
    assert WRK, "wrk is not installed"
    file = folder / "bodies.txt"
    command = [WRK, "-t1", f"-c{CONNECTIONS}", "-s", str(SCRIPT), "--timeout", "30s"]
    first = len(bodies) // 3
    for wait, part in ((1, bodies[:first] or bodies), (seconds, bodies[first:])):
        file.write_text("\n".join(part))
        done = subprocess.run(
            [*command, f"-d{wait:g}s", url, "--", key, str(file), header], capture_output=True, text=True, check=True
        )
    said = json.loads(done.stdout.rpartition("RESULT ")[2])
    return Measured(said["requests"] / said["seconds"], said["p50"], said["p99"], said["bad"])
