"""Content-addressed archive: every byte we ever parsed or served, named by its sha256, and the log of its fetches.

The layout is the same on every backend, so that one can be copied onto the other: an object lies under ``ab/cdef...``,
a segment of the fetch log under ``log/<instant>-<sha256>.jsonl``, any other file where its writer puts it.
"""

from __future__ import annotations

import errno
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime

DIGEST = re.compile(r"[0-9a-f]{64}")
OBJECT = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})")
LOG_FOLDER = "log"
SEGMENT = re.compile(LOG_FOLDER + r"/([0-9TZ]+-([0-9a-f]{64}))\.jsonl")
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ArchiveError(OSError):
    """The archive cannot give back, or keep, what it was asked to; the message names the object and its place."""


class ObjectLost(ArchiveError):
    """The archive answers, but this object is missing or damaged: asking again will not help."""


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Archive(ABC):
    """Objects are immutable: a digest is written once, and reading verifies it. ``place`` is for messages."""

    place: str

    def put(self, body: bytes) -> str:
        """Keep ``body`` and return its sha256 in hex; a second put of the same bytes does nothing.

        An object that was damaged since is replaced.
        """
        digest = sha256_hex(body)
        self._keep(_object_key(digest), digest, body)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of ``digest``, verified; raises ObjectLost when missing or damaged."""
        return self._verified(_object_key(digest), digest)

    def has(self, digest: str) -> bool:
        """Whether there is such an object, whole or not."""
        try:
            return self._exists(_object_key(digest))
        except OSError as error:
            raise ArchiveError(f"cannot look for {digest} in {self.place}: {error}") from error

    def digests(self) -> list[str]:
        """Every object there is, in order; nothing is read."""
        return ["".join(found.groups()) for key in self._listed("") if (found := OBJECT.fullmatch(key))]

    def put_segment(self, text: bytes, name: str = "") -> str:
        """Keep a segment of the fetch log and return its name: a new one, unless it has one already.

        Names sort by the time of writing.
        """
        name = name or f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{sha256_hex(text)}"
        self._keep(_segment_key(name), name, text)
        return name

    def get_segment(self, name: str) -> bytes:
        """A segment of the fetch log, verified as objects are."""
        return self._verified(_segment_key(name), name)

    def segments(self) -> list[str]:
        """Names of all segments, oldest first."""
        return [found[1] for key in self._listed(LOG_FOLDER) if (found := SEGMENT.fullmatch(key))]

    def put_file(self, key: str, body: bytes, title: str) -> None:
        """Keep a file under a key that its writer chose; other bytes under that key are replaced.

        ``title`` names it in messages.
        """
        self._keep(key, title, body)

    def read_file(self, key: str) -> bytes | None:
        """The bytes of a file, None where there is none."""
        try:
            return self._read(key)
        except OSError as error:
            raise ArchiveError(f"cannot read {key} in {self.place}: {error}") from error

    def files(self, folder: str) -> list[str]:
        """Keys of the files below ``folder``, in order; none where there is no such folder."""
        return self._listed(folder)

    def _keep(self, key: str, name: str, body: bytes) -> None:
        try:
            if not self._create(key, body) and self._read(key) != body:
                self._replace(key, body)
        except OSError as error:
            full = "; make room or move the archive, then run again" if error.errno in DISK_IS_FULL else ""
            raise ArchiveError(f"cannot archive {name} in {self.place}: {error}{full}") from error

    def _verified(self, key: str, name: str) -> bytes:
        try:
            body = self._read(key)
        except OSError as error:
            raise ArchiveError(f"cannot read {name} in {self.place}: {error}") from error
        if body is None:
            raise ObjectLost(f"{name} is not in the archive {self.place}")
        if not name.endswith(digest := sha256_hex(body)):
            raise ObjectLost(f"{name} in {self.place} is damaged: its bytes hash to {digest}")
        return body

    def _listed(self, folder: str) -> list[str]:
        try:
            return sorted(self._keys(folder))
        except OSError as error:
            raise ArchiveError(f"cannot list {self.place}: {error}") from error

    @abstractmethod
    def _read(self, key: str) -> bytes | None:
        """The bytes under a key, None when there are none. This and its siblings raise OSError."""

    @abstractmethod
    def _create(self, key: str, body: bytes) -> bool:
        """Write all of ``body`` or nothing, unless something is there already: then False."""

    @abstractmethod
    def _replace(self, key: str, body: bytes) -> None:
        """Write all of ``body`` over what is there, or leave that as it is."""

    @abstractmethod
    def _exists(self, key: str) -> bool: ...

    @abstractmethod
    def _keys(self, folder: str) -> Iterator[str]:
        """Keys below a folder, whose name they begin with; all of them below ``""``."""


def _object_key(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _segment_key(name: str) -> str:
    return f"{LOG_FOLDER}/{name}.jsonl"
