"""What ``footpred up`` runs, and where it writes down how that stands; light, as whoever needs a link reads it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from footpred_dagster.core.settings import Settings

NAMES = ("dagster", "mlflow", "api", "worker", "metrics", "dashboard")
"""Services as users know them; some consist of several processes, some are not part of this installation."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a service.

    command: arguments for the port it shall listen on (0 for one that does not listen on a port), and for that of its
    metrics if these are on another, which it prefers to be ``metrics``. health: path that answers 200 when it is ready,
    with ``says`` in its body; empty: it accepts connections (or, without port, runs). listens_at: path of the UNIX
    socket it accepts connections on. after: the process that must be ready first.
    """

    name: str
    service: str
    command: Callable[..., list[str]]
    prefers: int = 0
    health: str = ""
    says: str = ""
    after: str = ""
    listens_at: Callable[[], Path] | None = None
    metrics: int = 0


@dataclass(frozen=True, slots=True)
class ServiceState:
    """``state`` is absent, stopped, starting, running or failed; ``url`` without trailing slash, once it has one.

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
    """Every service by name, absent ones included."""
    from footpred_dagster.processes import PROCESSES

    installed = {process.service for process in PROCESSES}
    found = supervised(settings)
    told: dict[str, dict[str, Any]] = found["services"] if found else {}
    usual = "starting" if found else "stopped"
    result = {}
    for name in NAMES:
        said = told.get(name, {"url": None, "state": usual if name in installed else "absent"})
        result[name] = ServiceState(said["url"], said["state"], said.get("metrics"))
    return result


def as_json(settings: Settings) -> dict[str, dict[str, str | None]]:
    """``states`` for programs."""
    return {name: asdict(state) for name, state in states(settings).items()}


def url_of(settings: Settings, name: str) -> str | None:
    """Where a running service answers, None while it does not."""
    state = states(settings)[name]
    return state.url if state.state == "running" else None
