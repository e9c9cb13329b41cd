"""The embedded server, run for real: root and other accounts, folders of others, and where the password may be."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from footpred_dagster.core.database import embedded_server
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres, EmbeddedPostgresError
from tests.support.postgres import ROOT, discard, postmaster, query


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


def test_an_account_without_a_name_is_explained(make_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """As container platforms make them: initdb looks the name up."""
    monkeypatch.setattr(embedded_server.EmbeddedPostgres, "_account", lambda _: (2**31 - 7, 2**31 - 7))
    with pytest.raises(EmbeddedPostgresError, match="it has no name: add it to /etc/passwd, or set"):
        EmbeddedPostgres(make_home()).start()


def test_private_home_and_private_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone in a 0700 folder: for root neither cluster nor binaries can be used where they are."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    found = embedded_server._binaries()
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


def test_as_a_normal_user(tmp_path: Path, make_home: Callable[[], Path]) -> None:
    """Root's tests say nothing about a developer's machine: the same as `nobody`, in a process that dropped to it."""
    if os.geteuid() != 0:
        pytest.skip("only root can drop to another account; without it every test above was a normal user's already")
    nobody = pwd.getpwnam("nobody")
    home = make_home()
    readable = embedded_server._binaries(home, (nobody.pw_uid, nobody.pw_gid))  # a copy where the checkout is private
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = """if True:
        import os, sys, encodings.idna
        from pathlib import Path
        import psycopg
        from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
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
