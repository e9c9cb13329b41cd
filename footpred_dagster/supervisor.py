"""``footpred up``: starts the services, watches them, starts again what dies, and ends them all. Linux only."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from footpred_dagster.core.settings import Settings
from footpred_dagster.services import Process, run_folder, supervised

TICK = 0.2
PROBE_TIMEOUT = 2.0
PATIENCE = 12.0
"""Seconds between asking a process to end and ending it."""
QUICK_DEATH = 60.0
MOST_RESTARTS = 3
"""A process that died this often in a row, each time within QUICK_DEATH seconds, is given up."""
PORTS_TRIED = 100
MAX_LOG_BYTES = 10 * 2**20
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class AlreadyUp(RuntimeError):
    """Another supervisor runs this home."""


@dataclass(slots=True)
class Child:
    """A process as it runs: ``popen`` is None while it waits for the one it comes after, or for its next start."""

    process: Process
    port: int
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ready: bool = False
    restarts: int = 0
    not_before: float = 0.0
    failed: bool = False

    @property
    def state(self) -> str:
        return "failed" if self.failed else "running" if self.ready else "starting"


class Supervisor:
    """Runs ``processes`` of one home until SIGINT or SIGTERM. ``front`` names the process whose port is a service's;
    one that does not listen gives it no address.

    ``keep_alive`` is called every few seconds: what the processes stand on.
    """

    def __init__(
        self,
        settings: Settings,
        processes: Sequence[Process],
        front: Mapping[str, str],
        *,
        say: Callable[[str], None],
        keep_alive: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings, self._front, self._say, self._keep_alive = settings, front, say, keep_alive
        self._processes = processes
        self._children: dict[str, Child] = {}
        self._stopping = False
        self._told: dict[str, str] = {}

    def run(self) -> bool:
        """Start, watch, stop; False if a process had to be given up. Raises AlreadyUp."""
        folder = run_folder(self._settings)
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone(folder), self._signals():
            taken: set[int] = set()
            for process in self._processes:
                port = _free_port(process.prefers, taken) if process.prefers else 0
                taken.add(port)
                self._children[process.name] = Child(process, port)
            try:
                self._watch(folder)
            finally:
                self._stop()
                (folder / "up.json").unlink(missing_ok=True)
        return not any(child.failed for child in self._children.values())

    def _watch(self, folder: Path) -> None:
        kept_alive = time.monotonic()
        while not self._stopping:
            for child in self._children.values():
                self._tend(child)
            self._write_state(folder)
            if time.monotonic() - kept_alive > 5:
                kept_alive = time.monotonic()
                with suppress(Exception):  # it is tried again, and the services say themselves what they miss
                    self._keep_alive()
            time.sleep(TICK)

    def _tend(self, child: Child) -> None:
        name, now = child.process.name, time.monotonic()
        if child.failed:
            return
        if child.popen is None:
            first = self._children.get(child.process.after)
            if now >= child.not_before and (first is None or first.ready):
                self._start(child)
        elif (code := child.popen.poll()) is not None:
            _end_group(child.popen.pid)
            child.restarts = child.restarts + 1 if now - child.started < QUICK_DEATH else 1
            child.popen, child.ready, child.not_before = None, False, now + min(2.0**child.restarts, 30)
            child.failed = child.restarts > MOST_RESTARTS
            what = "given up" if child.failed else "starting it again"
            self._say(f"{name} ended with code {code}, {what}; its log: {self._log(child)}")
        elif not child.ready:
            child.ready = _answers(child)

    def _start(self, child: Child) -> None:
        log = self._log(child)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.write_bytes(b"")
        with log.open("ab") as output:
            child.popen = subprocess.Popen(
                child.process.command(child.port),
                cwd=self._settings.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for us, and a group ends whole
                preexec_fn=_die_with_parent,
            )
        child.started = time.monotonic()

    def _log(self, child: Child) -> Path:
        return self._settings.home / "logs" / f"{child.process.name}.log"

    def _service_state(self, service: str) -> str:
        found = {child.state for child in self._children.values() if child.process.service == service}
        return next(state for state in ("failed", "starting", "running") if state in found)

    def _write_state(self, folder: Path) -> None:
        services = {}
        for service, front in self._front.items():
            port = self._children[front].port
            url = f"http://127.0.0.1:{port}" if port else None
            services[service] = {"url": url, "state": self._service_state(service)}
            if services[service]["state"] != self._told.get(service):
                self._told[service] = services[service]["state"]
                if self._told[service] == "running":
                    self._say(f"{service:<9} {url or 'running'}")
        pids = {name: child.popen.pid for name, child in self._children.items() if child.popen}
        text = json.dumps({"pid": os.getpid(), "services": services, "processes": pids})
        target = folder / "up.json"
        if not target.exists() or target.read_text() != text:
            temporary = folder / ".up.json"
            temporary.write_text(text)
            temporary.replace(target)

    def _stop(self) -> None:
        running = [child.popen for child in self._children.values() if child.popen]
        for popen in running:
            _signal_group(popen.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for popen in running:
            with suppress(subprocess.TimeoutExpired):
                popen.wait(max(0.0, deadline - time.monotonic()))
        for popen in running:
            _end_group(popen.pid)
            popen.wait()

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        with (folder / "up.lock").open("w") as lock:
            for attempt in range(5, -1, -1):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:  # for a moment it may be somebody who only looks
                    if not attempt:
                        raise AlreadyUp from None
                time.sleep(TICK)
            yield

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Our handlers hold even where the signals were inherited as ignored, as behind ``&`` in a script."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def stop_supervisor(settings: Settings, timeout: float = 20.0) -> bool:
    """End the supervisor of a home and everything it started; True if one was running."""
    found = supervised(settings)
    if found is None:
        return False
    deadline = time.monotonic() + timeout
    while found and time.monotonic() < deadline:
        if found["pid"]:
            with suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGTERM)
        time.sleep(TICK)
        found = supervised(settings)
    if found and found["pid"]:
        with suppress(ProcessLookupError):
            os.kill(found["pid"], signal.SIGKILL)
        for pid in found.get("processes", {}).values():
            _end_group(pid)
    return True


def _answers(child: Child) -> bool:
    assert child.popen is not None
    if not child.port:
        return time.monotonic() - child.started > 1
    if not child.process.health:
        with suppress(OSError), socket.create_connection(("127.0.0.1", child.port), timeout=PROBE_TIMEOUT):
            return True
        return False
    try:
        url = f"http://127.0.0.1:{child.port}{child.process.health}"
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT) as answer:
            return answer.status == 200 and child.process.says.encode() in answer.read()
    except (OSError, urllib.error.URLError):
        return False


def _free_port(preferred: int, taken: set[int]) -> int:
    for port in range(preferred, preferred + PORTS_TRIED):
        if port not in taken:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port
    raise RuntimeError(f"no free port from {preferred} to {preferred + PORTS_TRIED - 1}: end something that listens")


def _die_with_parent() -> None:
    """In the child: a supervisor that is killed takes its processes along."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _end_group(pid: int) -> None:
    _signal_group(pid, signal.SIGKILL)
