"""k6: callers who come at a steady rate, so that a slow answer is not one request less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "load" / "callers.js"
K6 = Path(sys.executable).with_name("k6")


@dataclass(frozen=True, slots=True)
class Steady:
    """``p50`` and ``p99``: milliseconds; ``bad``: answers of another status; ``dropped``: callers nobody could be."""

    requests: int
    rate: float
    p50: float
    p99: float
    bad: int
    dropped: int


def start(
    url: str, key: str, call: str, *, rate: int, seconds: float, folder: Path, nice: int = 0, **more: Any
) -> subprocess.Popen[bytes]:
    """Callers of ``call`` (get, post, batch, mixed) in the background; ``result`` waits for them.

    ``nice``: how far they step back where others need the processor, as if they had a machine of their own.
    """
    folder.mkdir(exist_ok=True)
    settings = {"URL": url, "KEY": key, "CALL": call, "RATE": rate, "SECONDS": round(seconds)}
    settings |= {"SUMMARY": folder / "summary.json", **more}
    command = ["nice", "-n", str(nice), str(K6), "run", "--quiet", "--no-usage-report", str(SCRIPT)]
    with (folder / "k6.log").open("wb") as log:
        return subprocess.Popen(
            command, env=os.environ | {name: str(value) for name, value in settings.items()}, stdout=log, stderr=log
        )


def result(process: subprocess.Popen[bytes], folder: Path) -> Steady:
    assert process.wait() == 0, (folder / "k6.log").read_text()
    return Steady(**json.loads((folder / "summary.json").read_text()))


def steady(url: str, key: str, call: str, *, rate: int, seconds: float, folder: Path, **more: Any) -> Steady:
    return result(start(url, key, call, rate=rate, seconds=seconds, folder=folder, **more), folder)
