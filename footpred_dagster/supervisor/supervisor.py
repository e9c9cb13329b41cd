"""``footpred up``: starts the services, watches them, starts again what dies, and ends them all. Linux only."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from footpred_dagster.core.services import run_folder, supervised
from footpred_dagster.core.settings import Settings
from footpred_dagster.supervisor.child import Child, end_group, rotate, signal_group
from footpred_dagster.supervisor.ports import Ports, is_free
from footpred_dagster.supervisor.processes import Process

TICK = 0.2
PATIENCE = 12.0
"""Seconds between asking a process to end and ending it."""
QUICK_DEATH = 60.0
MOST_RESTARTS = 3
"""A process that died this often in a row, each time within QUICK_DEATH seconds, is given up."""


class AlreadyUp(RuntimeError):
    """Another supervisor runs this home."""


class Supervisor:
    """Runs ``processes`` of one home until SIGINT, SIGTERM or SIGHUP.

    ``front`` names the process whose port is a service's; one that does not listen gives it no address.

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
        self._ports = Ports()
        self._stopping = False
        self._reported: dict[str, str] = {}
        self._log = settings.home / "logs" / "up.log"

    def run(self) -> bool:
        """Start, watch, stop; False if a process had to be given up. Raises AlreadyUp."""
        folder = run_folder(self._settings)
        for needed in (folder, self._log.parent):
            needed.mkdir(parents=True, exist_ok=True)
        with self._alone(folder), self.signals():
            rotate(self._log)
            try:
                for process in self._processes:
                    ports = [self._ports.take(port) for port in (process.prefers, process.metrics) if port]
                    log = self._settings.home / "logs" / f"{process.name}.log"
                    self._children[process.name] = Child(process, ports, log)
                self._watch(folder)
            finally:
                self.report("stopping")
                self._stop()
                (folder / "up.json").unlink(missing_ok=True)
                self.report(f"stopped: {', '.join(self._front)}")
                self._ports.close()
        return not any(child.failed for child in self._children.values())

    def _watch(self, folder: Path) -> None:
        kept_alive = time.monotonic()
        while not self._stopping:
            for child in self._children.values():
                self._tend(child)
            self._write_state(folder)
            if time.monotonic() - kept_alive > 5:
                kept_alive = time.monotonic()
                for child in self._children.values():
                    rotate(child.log)
                with suppress(Exception):  # it is tried again, and the services say themselves what they miss
                    self._keep_alive()
            time.sleep(TICK)

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.failed:
            return
        if child.popen is None:
            first = self._children.get(child.process.after)
            if now >= child.not_before and (first is None or first.ready):
                self._start(child)
        elif (code := child.popen.poll()) is not None:
            self._ended(child, f"ended with code {code}")
        elif not child.ready:
            child.ready = child.answers()
            if not child.ready and (taken := child.port_taken()):
                self._ended(child, f"found port {taken} taken")

    def _start(self, child: Child) -> None:
        """On its ports, or on others where a program that is not ours listens there by now."""
        for place, port in enumerate(child.ports):
            if not is_free(port):
                self._ports.release(port)
                child.ports[place] = self._ports.take((child.process.prefers, child.process.metrics)[place])
        rotate(child.log)
        child.start(self._settings.home)

    def _ended(self, child: Child, how: str) -> None:
        """End what is left of it, and decide whether and when it is started again."""
        assert child.popen is not None
        end_group(child.popen.pid)
        child.popen.wait()
        now = time.monotonic()
        child.restarts = child.restarts + 1 if now - child.started < QUICK_DEATH else 1
        child.popen, child.ready, child.not_before = None, False, now + min(2.0**child.restarts, 30)
        child.failed = child.restarts > MOST_RESTARTS
        what = "given up" if child.failed else "starting it again"
        self.report(f"{child.process.name} {how}, {what}; its log: {child.log}")

    def report(self, text: str) -> None:
        """To the user, whose terminal may be closed, and to a log."""
        with suppress(OSError):
            self._say(text)
        with suppress(OSError), self._log.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")

    def _service_state(self, service: str) -> str:
        found = {child.state for child in self._children.values() if child.process.service == service}
        return next(state for state in ("failed", "starting", "running") if state in found)

    def _write_state(self, folder: Path) -> None:
        services = {}
        for service, front in self._front.items():
            port = self._children[front].port
            url = f"http://127.0.0.1:{port}" if port else None
            services[service] = {"url": url, "state": self._service_state(service)}
            if metrics := self._children[front].ports[1:]:
                services[service]["metrics"] = f"http://127.0.0.1:{metrics[0]}/metrics"
        pids = {name: child.popen.pid for name, child in self._children.items() if child.popen}
        text = json.dumps({"pid": os.getpid(), "services": services, "processes": pids})
        target = folder / "up.json"
        if not target.exists() or target.read_text() != text:
            temporary = folder / ".up.json"
            temporary.write_text(text)
            temporary.replace(target)
        for service, found in services.items():
            if found["state"] != self._reported.get(service):
                self._reported[service] = str(found["state"])
                if found["state"] == "running":
                    self.report(f"{service:<9} {found['url'] or 'running'}")
                elif found["state"] == "failed":
                    self.report(f"{service:<9} failed")

    def _stop(self) -> None:
        running = [child.popen for child in self._children.values() if child.popen]
        for popen in running:
            signal_group(popen.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for popen in running:
            with suppress(subprocess.TimeoutExpired):
                popen.wait(max(0.0, deadline - time.monotonic()))
        for popen in running:
            end_group(popen.pid)
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
    def signals(self) -> Iterator[None]:
        """End ``run``, also one that begins later, at a signal.

        The handlers of SIGINT and SIGTERM hold even where they were inherited as ignored, as behind ``&`` in a script;
        an ignored SIGHUP stays so: it is how ``nohup`` lets a command outlive its terminal.
        """

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        handled = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            handled.append(signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in handled}
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
        if _is_supervisor(settings, found["pid"]):
            with suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGTERM)
        time.sleep(TICK)
        found = supervised(settings)
    if found and _is_supervisor(settings, found["pid"]):
        with suppress(ProcessLookupError):
            os.kill(found["pid"], signal.SIGKILL)
        for pid in found.get("processes", {}).values():
            end_group(pid)
    return True


def _is_supervisor(settings: Settings, pid: int | None) -> bool:
    """Whether the process has the lock of the home open: what a file says of its pid may be anything."""
    with suppress(OSError):
        lock = (run_folder(settings) / "up.lock").stat()
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/{pid}/fd/{descriptor}"), lock):
                    return True
    return False
