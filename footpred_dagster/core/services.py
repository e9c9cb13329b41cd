"""What ``footpred up`` runs, and where it writes down how that stands; light, as whoever needs a link reads it."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from footpred_dagster.core.settings import Settings

NAMES = ("dagster", "mlflow", "api", "worker", "metrics", "dashboard")
"""Services as users know them; some consist of several processes, which ``supervisor.processes`` lists."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """``state`` is stopped, starting, running or failed; ``url`` without trailing slash, once it has one.

    metrics: their address, where it is not the path /metrics of ``url``.
    """

    url: str | None
    state: str
    metrics: str | None = None


def run_folder(settings: Settings) -> Path:
    return settings.home / "run"


def supervised(settings: Settings) -> dict[str, Any] | None:
    """What the supervisor of this home last wrote (its pid among it), None while none is alive.

    The lock decides, not the pid: the system lets go of it however the supervisor ended.
    """
    folder = run_folder(settings)
    try:
        with (folder / "up.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        pass
    try:
        return dict(json.loads((folder / "up.json").read_text()))
    except (FileNotFoundError, ValueError):
        return {"pid": None, "services": {}}  # it has the lock and is about to write


def states(settings: Settings) -> dict[str, ServiceState]:
    """Every service by name."""
    found = supervised(settings)
    told: dict[str, dict[str, Any]] = found["services"] if found else {}
    usual = "starting" if found else "stopped"
    result = {}
    for name in NAMES:
        said = told.get(name, {"url": None, "state": usual})
        result[name] = ServiceState(said["url"], said["state"], said.get("metrics"))
    return result


def as_json(settings: Settings) -> dict[str, dict[str, str | None]]:
    """``states`` for programs."""
    return {name: asdict(state) for name, state in states(settings).items()}


def url_of(settings: Settings, name: str) -> str | None:
    """Where a running service answers, None while it does not."""
    state = states(settings)[name]
    return state.url if state.state == "running" else None
