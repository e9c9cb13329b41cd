"""The supervisor with real processes: ports, death, restarts, signals, and what it leaves behind (nothing)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from footpred_dagster.core import services
from footpred_dagster.core.services import supervised
from footpred_dagster.core.settings import Settings
from footpred_dagster.supervisor.supervisor import stop_supervisor

PREFERRED = 18765
PROGRAM = f"""
import sys
from pathlib import Path
from footpred_dagster.core.settings import Settings
from footpred_dagster.supervisor.processes import Process
from footpred_dagster.supervisor.supervisor import AlreadyUp, Supervisor
serve = lambda port: [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
sulk = lambda _: ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]
PROCESSES = {{
    "web": (Process("web", "dagster", serve, prefers={PREFERRED}, health="/"),),
    "sulky": (Process("web", "dagster", serve, prefers={PREFERRED}, health="/"), Process("sulk", "dagster", sulk)),
    "quiet": (Process("quiet", "dagster", lambda _: ["sleep", "60"]),),
    "broken": (Process("web", "dagster", lambda _: ["false"], prefers={PREFERRED}),),
}}[sys.argv[2]]
try:
    say = lambda text: print(text, flush=True)
    whole = Supervisor(Settings(Path(sys.argv[1])), PROCESSES, {{"dagster": PROCESSES[0].name}}, say=say).run()
except AlreadyUp:
    sys.exit("already up")
sys.exit(0 if whole else 1)
"""


@pytest.fixture
def start(tmp_path):
    """Start a supervisor of ``tmp_path / home`` in a process of its own; all are gone afterwards."""
    begun = []

    def start(home: str = "home", kind: str = "web", ignore_signals: bool = False) -> subprocess.Popen[str]:
        (tmp_path / home).mkdir(exist_ok=True)

        def ignore() -> None:
            if ignore_signals:  # what a shell without job control does to its background processes
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)

        command = [sys.executable, "-c", PROGRAM, str(tmp_path / home), kind]
        begun.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=ignore)
        )
        return begun[-1]

    yield start
    for process in begun:
        with suppress(ProcessLookupError):
            process.terminate()
        process.communicate(timeout=30)


def settings(tmp_path: Path, home: str = "home") -> Settings:
    return Settings(tmp_path / home)


def wait(condition, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.05)
    return found


def running(of: Settings) -> str | None:
    return services.url_of(of, "dagster")


def answers(url: str) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=1):
        return True
    return False


def child(of: Settings, name: str = "web") -> int:
    found = supervised(of)
    assert found
    return int(found["processes"][name])


@pytest.mark.fault(68, "terminal closed: nothing left behind, said so")
def test_a_closed_terminal_ends_every_process_in_order(tmp_path):
    (tmp_path / "home").mkdir()
    home, (ours, theirs) = settings(tmp_path), os.openpty()
    command = [sys.executable, "-c", PROGRAM, str(home.home), "web"]
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(theirs)
    url, web = wait(lambda: running(home)), child(home)
    os.close(ours)  # every write of the supervisor fails from now on
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=20) in (0, 120)  # 120: Python could not flush its output
    assert not answers(url)
    assert not Path(f"/proc/{web}").exists()
    assert (home.home / "logs" / "up.log").read_text().splitlines()[-1].endswith("stopped: dagster")
    assert not (home.home / "run" / "up.json").exists()


def test_nohup_lets_it_outlive_its_terminal(start, tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited
    try:
        process = start()
    finally:
        signal.signal(signal.SIGHUP, before)
    wait(lambda: running(settings(tmp_path)))
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    assert running(settings(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_ends_every_process_even_where_it_was_inherited_as_ignored(start, tmp_path, number):
    home = settings(tmp_path)
    process = start(ignore_signals=True)
    url = wait(lambda: running(home))
    assert answers(url)
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    assert not answers(url)
    assert (supervised(home), services.states(home)["dagster"].state) == (None, "stopped")


def test_a_process_that_will_not_end_is_ended_within_twenty_seconds(start, tmp_path):
    home = settings(tmp_path)
    process = start(kind="sulky")
    wait(lambda: running(home))
    sulk, begun = child(home, "sulk"), time.monotonic()
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 20
    assert not Path(f"/proc/{sulk}").exists()


def test_a_service_that_does_not_listen_runs_and_has_no_address(start, tmp_path):
    home = settings(tmp_path)
    process = start(kind="quiet")
    wait(lambda: services.states(home)["dagster"] == services.ServiceState(None, "running"))
    process.terminate()
    assert process.communicate(timeout=20)[0].splitlines() == ["dagster   running", "stopping", "stopped: dagster"]


def test_a_process_that_dies_is_started_again_on_its_port(start, tmp_path):
    home = settings(tmp_path)
    start()
    url, first = wait(lambda: running(home)), child(home)
    os.kill(first, signal.SIGKILL)
    wait(lambda: running(home) is None)
    assert wait(lambda: running(home)) == url
    assert child(home) != first


def test_a_process_that_never_starts_is_given_up_and_said(start, tmp_path, monkeypatch):
    process = start(kind="broken")
    wait(lambda: services.states(settings(tmp_path))["dagster"].state == "failed", seconds=90)
    process.terminate()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "given up; its log:" in said


def test_when_the_supervisor_is_killed_its_processes_go_and_nothing_is_stale(start, tmp_path):
    home = settings(tmp_path)
    process = start()
    url = wait(lambda: running(home))
    process.kill()
    process.wait()
    wait(lambda: not answers(url))
    assert (tmp_path / "home" / "run" / "up.json").exists()  # what it last wrote is still there and not believed
    assert services.states(home)["dagster"].state == "stopped"
    start()
    assert wait(lambda: running(home))


def test_a_second_start_in_one_home_is_refused_and_two_homes_run_side_by_side(start, tmp_path):
    start()
    first = wait(lambda: running(settings(tmp_path)))
    again = start()
    assert again.communicate(timeout=20)[0].strip() == "already up"
    start("other")
    second = wait(lambda: running(settings(tmp_path, "other")))
    assert first != second
    assert stop_supervisor(settings(tmp_path))
    assert (answers(first), answers(second)) == (False, True)
    assert not stop_supervisor(settings(tmp_path))


def test_looking_at_the_state_does_not_keep_a_supervisor_from_starting(start, tmp_path):
    home = settings(tmp_path)
    process = start()
    for _ in range(200):
        supervised(home)
    wait(lambda: running(home))
    assert process.poll() is None


def test_every_service_is_there_and_stopped_before_it_was_started(tmp_path):
    states = services.states(Settings(tmp_path))
    assert {name: state.state for name, state in states.items()} == dict.fromkeys(services.NAMES, "stopped")


def test_a_state_file_that_is_being_written_reads_as_starting(start, tmp_path):
    home = settings(tmp_path)
    start()
    wait(lambda: running(home))
    (tmp_path / "home" / "run" / "up.json").write_text(json.dumps({"pid": 1})[:5])
    found = supervised(home)
    assert found is not None
