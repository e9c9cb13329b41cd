"""Ports of a home with real processes: no other home's, and no other program's, whenever they start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest

from footpred_dagster.core import services
from footpred_dagster.core.services import supervised
from footpred_dagster.core.settings import Settings
from footpred_dagster.supervisor.child import MAX_LOG_BYTES, Child, rotate
from footpred_dagster.supervisor.ports import Holder, Ports, holder, is_free
from footpred_dagster.supervisor.processes import Process, code_socket

Found = TypeVar("Found")
PREFERRED = 18865
PROGRAM = f"""
import sys
from pathlib import Path
from footpred_dagster.core.settings import Settings
from footpred_dagster.supervisor.processes import Process
from footpred_dagster.supervisor.supervisor import Supervisor
# Slow between its start and its bind, as everything is that imports a lot.
late = 'sleep 0.5; exec "$0" -m http.server --bind 127.0.0.1 "$1"'
serve = lambda port: ["sh", "-c", late, sys.executable, str(port)]
web = Process("web", "dagster", serve, prefers={PREFERRED}, health="/")
Supervisor(Settings(Path(sys.argv[1])), (web,), {{"dagster": "web"}}, say=print).run()
"""


class Impostor(BaseHTTPRequestHandler):
    """Answers 200 to every probe."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"impostor")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def impostor() -> Iterator[Callable[[int], bool]]:
    """Takes a port, whatever it is for; False where it is taken already."""
    servers = []

    def take(port: int) -> bool:
        with suppress(OSError):
            servers.append(ThreadingHTTPServer(("127.0.0.1", port), Impostor))
            Thread(target=servers[-1].serve_forever, daemon=True).start()
            return True
        return False

    yield take
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Settings]]:
    started = []

    def start(name: str) -> Settings:
        home = tmp_path / name
        home.mkdir()
        (home / "name").write_text(name)
        started.append(subprocess.Popen([sys.executable, "-c", PROGRAM, str(home)], stdout=subprocess.DEVNULL))
        return Settings(home)

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=30)


def wait(condition: Callable[[], Found]) -> Found:
    deadline = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.02)
    return found


def url(home: Settings) -> str:
    return wait(lambda: services.url_of(home, "dagster")) or ""


def port(home: Settings) -> int:
    return int((services.states(home)["dagster"].url or "").rpartition(":")[2])


def pid(home: Settings) -> int:
    return int(wait(lambda: ((supervised(home) or {}).get("processes") or {}).get("web")))


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.fault(66, "homes started in the same second: each reports its own server")
def test_homes_started_at_once_never_share_a_port(start: Callable[[str], Settings]) -> None:
    homes = {name: start(name) for name in ("first", "second", "third")}
    urls = {name: url(home) for name, home in homes.items()}
    assert len(set(urls.values())) == 3
    assert {name: read(f"{address}/name") for name, address in urls.items()} == {name: name for name in homes}


@pytest.mark.fault(66, "a port taken between its choice and the bind: the service moves, status reports its own")
def test_a_port_taken_before_the_bind_is_left_to_its_taker(
    start: Callable[[str], Settings], impostor: Callable[[int], bool]
) -> None:
    home = start("only")
    pid(home)
    taken = port(home)
    assert impostor(taken), "the server was quicker"
    assert read(f"{url(home)}/name") == "only"
    assert port(home) != taken
    assert read(f"http://127.0.0.1:{taken}/") == "impostor"


@pytest.mark.fault(66, "a port taken while a child is started again: the service moves, status reports its own")
def test_a_port_taken_while_a_child_is_down_is_left_to_its_taker(
    start: Callable[[str], Settings], impostor: Callable[[int], bool]
) -> None:
    home = start("only")
    taken = int(url(home).rpartition(":")[2])
    os.kill(pid(home), signal.SIGKILL)
    wait(lambda: impostor(taken))
    wait(lambda: services.url_of(home, "dagster") is None)
    assert read(f"{url(home)}/name") == "only"
    assert port(home) != taken


def test_a_reservation_holds_against_others_and_ends_with_its_process() -> None:
    command = (
        f"from footpred_dagster.supervisor.ports import Ports; p = Ports(); print(p.take({PREFERRED + 200})); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-uc", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        theirs = int(other.stdout.readline())
        assert is_free(theirs)
        ours = Ports()
        mine = ours.take(theirs)
        assert mine > theirs
        other.kill()
    assert ours.take(theirs) == theirs
    ours.close()
    again = Ports()
    assert again.take(mine) == mine
    again.close()


def test_the_kernel_tells_whose_process_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        assert holder(number, os.getpgrp()) is Holder.OURS
        assert holder(number, 1) is Holder.OTHER
    assert holder(number, os.getpgrp()) is Holder.NONE


def test_a_code_server_has_a_socket_in_its_home_or_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    paths = set()
    for home in (Path("/srv/a"), Path("/srv", *["long"] * 40), Path("/srv", *["longer"] * 40)):
        monkeypatch.setenv("FOOTPRED_HOME", str(home))
        path = code_socket()
        assert len(os.fsencode(path)) <= 107
        assert path == home / "run" / "code-server.sock" or path.parent.stat().st_mode & 0o777 == 0o700
        paths.add(path)
    assert len(paths) == 3


def test_a_log_is_rotated_while_its_process_writes(tmp_path: Path) -> None:
    script = "while :; do echo after; sleep 0.02; done"
    child = Child(Process("talker", "dagster", lambda _: ["sh", "-c", script]), 0, tmp_path / "logs" / "talker.log")
    child.log.parent.mkdir()
    child.log.write_bytes(b"before\n" + b"x" * MAX_LOG_BYTES)
    child.start(tmp_path)
    assert child.popen
    try:
        rotate(child.log)
        assert child.log.with_name("talker.log.1").read_bytes().startswith(b"before\n")
        wait(lambda: child.log.read_bytes().startswith(b"after\n"))
        assert child.log.stat().st_size < MAX_LOG_BYTES
    finally:
        child.popen.kill()
        child.popen.wait()
