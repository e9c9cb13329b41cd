"""A local folder laid out like the site: a mirror, a snapshot, or a test's few files."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import time
from email.utils import formatdate
from pathlib import Path

from footpred_dagster.sources.clients.base import (
    MAX_BODY,
    BodyTooLarge,
    Fetched,
    FileUnreadable,
    SourceUnavailable,
    Validators,
)


class DirectorySource:
    """Serves files below ``root`` and answers conditional requests without reading the file.

    Symbolic links are followed wherever they lead: mounted ConfigMaps, DVC and data lakes lay out folders of links.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def name(self) -> str:
        return str(self._root)

    @property
    def rate_limited(self) -> bool:
        return False

    @property
    def given_up(self) -> bool:
        return True  # the folder itself is gone

    def close(self) -> None:
        """Nothing is held open."""

    def fetch(self, path: str, known: Validators | None = None) -> Fetched:
        """Status 404 for a missing file; ValueError for a path that leads out of the folder by ``..``.

        Raises FileUnreadable for a link to nothing, a loop of links, or a file that may not be read. Raises
        SourceUnavailable when the folder is gone: an unmounted disk must not look like a season that is not published.
        """
        started = time.perf_counter()
        target = Path(os.path.normpath(self._root / path))
        if not target.is_relative_to(self._root):
            raise ValueError(f"{path!r} leads out of {self._root}")
        if not self._root.is_dir():
            raise SourceUnavailable(f"{self._root}: the folder does not exist (unmounted?)")
        url = target.as_uri()

        def answer(status: int, body: bytes | None = None, have: Validators | None = None) -> Fetched:
            etag, modified = (have.etag, have.last_modified) if have else (None, None)
            return Fetched(url, status, body, etag, modified, time.perf_counter() - started)

        try:
            info = target.stat()
            if not stat.S_ISREG(info.st_mode):  # a pipe would block for ever
                return answer(404)
            validators = _validators(info)
            if _unchanged(known, validators):
                return answer(304, have=validators)
            if info.st_size > MAX_BODY:
                raise BodyTooLarge(url)
            with open(target, "rb", buffering=0, opener=_without_waiting) as file:
                body = _read(file)
                after = os.fstat(file.fileno())
            if len(body) > MAX_BODY:
                raise BodyTooLarge(url)
        except (FileNotFoundError, NotADirectoryError):
            if link := _broken_link(target, self._root):
                detail = f"{link} is a link to {os.readlink(link)}, which does not exist; mend or remove the link"
                raise FileUnreadable(url, "broken_link", detail) from None
            return answer(404)
        except OSError as error:
            loop = error.errno == errno.ELOOP
            detail = "its symbolic links form a loop" if loop else f"cannot be read ({error.strerror or error})"
            raise FileUnreadable(
                url, "link_loop" if loop else "unreadable", f"{detail}; mend it or remove it from the folder"
            ) from error
        if _validators(after) != validators:
            raise SourceUnavailable(f"{url}: changed while being read; a rerun reads the finished file")
        return answer(200, body, validators)


def _without_waiting(path: str, flags: int) -> int:
    """Opened so that a read never waits: a link may lead to a pipe, or to a file of the kernel that has nothing yet."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read(file: io.FileIO) -> bytes:
    """The whole file, but not much more than MAX_BODY; raises BlockingIOError where nothing can be read yet."""
    parts: list[bytes] = []
    while sum(map(len, parts)) <= MAX_BODY:
        part = file.read(MAX_BODY + 1)
        if part is None:
            raise BlockingIOError(errno.EAGAIN, "nothing to read yet: it is no plain file")
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def _broken_link(target: Path, root: Path) -> Path | None:
    """The link on the way from ``root`` to ``target`` that leads to nothing; None where a part is simply not there."""
    parts = [target, *target.parents]
    inside = parts[: parts.index(root)]
    return next((part for part in reversed(inside) if part.is_symlink() and not part.exists()), None)


def _validators(info: os.stat_result) -> Validators:
    """Size and nanosecond mtime, hashed so that nobody reads meaning into them."""
    digest = hashlib.sha256(f"{info.st_size}:{info.st_mtime_ns}".encode()).hexdigest()[:32]
    return Validators(f'"{digest}"', formatdate(info.st_mtime, usegmt=True))


def _unchanged(known: Validators | None, now: Validators) -> bool:
    """As HTTP has it: the etag decides when there is one, the date only without."""
    if known is None:
        return False
    if known.etag is not None:
        return known.etag == now.etag
    return known.last_modified is not None and known.last_modified == now.last_modified
