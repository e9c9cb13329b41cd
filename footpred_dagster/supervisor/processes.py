"""The processes ``footpred up`` starts; everything listens on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from footpred_dagster.core.settings import Settings, SettingsError

LOCATION = "footpred"
LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107."""
BIN = Path(sys.executable).parent


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


def _workspace() -> str:
    return str(Settings.from_env().dagster_home / "workspace.yaml")


def code_socket() -> Path:
    """Where the code server of this home listens.

    A UNIX socket, not a port: gRPC servers share a port without an error, so that a call of one home could reach the
    code of another, and the folder keeps other accounts of the machine out.
    """
    home = Settings.from_env().home
    path = home / "run" / "code-server.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = f"footpred-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(folder / "code-server.sock")) > LONGEST_SOCKET_PATH:
        folder = Path("/tmp") / name  # noqa: S108 - private, as is checked below
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SettingsError(f"{folder} is not a folder that only this account can read: remove it")
    return folder / "code-server.sock"


def write_workspace(settings: Settings, socket: Path) -> None:
    """Record for webserver and daemon of this home where its code server is: both share one, and its memory."""
    server = {"host": "localhost", "socket": str(socket), "location_name": LOCATION}
    # JSON is YAML, and yaml takes longer to import than all else here.
    (settings.dagster_home / "workspace.yaml").write_text(json.dumps({"load_from": [{"grpc_server": server}]}))


def _code_server(_: int) -> list[str]:
    socket = code_socket()
    write_workspace(Settings.from_env(), socket)
    definitions = ("-m", "footpred_dagster.definitions", "--location-name", LOCATION)
    return [f"{BIN}/dagster", "code-server", "start", "--socket", str(socket), *definitions]


def _webserver(port: int) -> list[str]:
    quiet = ("--log-level", "warning", "--dagster-log-level", "warning")
    webserver = (sys.executable, "-m", "footpred_dagster.webserver")
    return [*webserver, "-h", "127.0.0.1", "-p", str(port), "-w", _workspace(), *quiet]


def _daemon(_: int) -> list[str]:
    return [f"{BIN}/dagster-daemon", "run", "-w", _workspace()]


def _mlflow(port: int) -> list[str]:
    from footpred_dagster.core.tracking.mlflow_log import artifact_place, tracking_uri

    settings = Settings.from_env()
    store = ("--backend-store-uri", tracking_uri(settings), "--artifacts-destination", artifact_place(settings))
    listen = ("--host", "127.0.0.1", "--port", str(port), "--allowed-hosts", "localhost:*,127.0.0.1:*")
    return [f"{BIN}/mlflow", "server", *listen, "--workers", "1", *store]


def _api(port: int, metrics: int) -> list[str]:
    return [sys.executable, "-m", "serving", "--host", "127.0.0.1", "--port", str(port), "--metrics-port", str(metrics)]


def _dashboard(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards", "--port", str(port)]


def _worker(port: int) -> list[str]:
    return [sys.executable, "-m", "serving.worker", "--metrics-port", str(port)]


def _metrics(port: int) -> list[str]:
    return [sys.executable, "-m", "footpred_dagster.exporter", "--port", str(port)]


LOCATIONS = "/graphql?query=" + quote("{workspaceOrError{...on Workspace{locationEntries{loadStatus}}}}")
"""Dagster answers before it knows any asset; one that fails to load counts as loaded, and its page says why."""

PROCESSES = (
    Process("code-server", "dagster", _code_server, listens_at=code_socket),
    Process("webserver", "dagster", _webserver, 3000, LOCATIONS, '"loadStatus":"LOADED"', after="code-server"),
    Process("daemon", "dagster", _daemon, after="code-server"),
    Process("mlflow", "mlflow", _mlflow, prefers=5001, health="/health"),
    Process("api", "api", _api, prefers=8000, metrics=9107, health="/healthcheck/"),
    Process("worker", "worker", _worker, prefers=9109, health="/healthcheck/"),
    Process("metrics", "metrics", _metrics, prefers=9108, health="/healthcheck/"),
    Process("dashboard", "dashboard", _dashboard, prefers=5006, health="/healthz"),
)
FRONT = {"dagster": "webserver", **{name: name for name in ("mlflow", "api", "worker", "metrics", "dashboard")}}
"""Which process's port is the service's address."""
