"""A local folder laid out like the site: a mirror, a snapshot, or a test's few files."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from email.utils import formatdate
from pathlib import Path

from footpred_dagster.sources.base import MAX_BODY, BodyTooLarge, Fetched, SourceUnavailable, Validators


class DirectorySource:
    """Serves files below ``root`` and answers conditional requests without reading the file."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def name(self) -> str:
        return str(self._root)

    def close(self) -> None:
        """Nothing is held open."""

    def fetch(self, path: str, known: Validators | None = None) -> Fetched:
        """Status 404 for a missing file; ValueError for a path (or link) that leads out of the folder.

        Raises SourceUnavailable when the folder is gone or a file cannot be read: an unmounted disk must not look like
        a season that is not published.
        """
        started = time.perf_counter()
        target = (self._root / path).resolve()
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
            with target.open("rb") as file:
                body = file.read(MAX_BODY + 1)
                after = os.fstat(file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return answer(404)
        except OSError as error:
            raise SourceUnavailable(f"{url}: {error.strerror or error}") from error
        if _validators(after) != validators:
            raise SourceUnavailable(f"{url}: changed while being read; a rerun reads the finished file")
        return answer(200, body, validators)


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
