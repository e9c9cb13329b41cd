"""Content-addressed archive: every byte we ever parsed or served, named by its sha256, and the log of its fetches.

The layout is the same on every backend, so that one can be copied onto the other: an object lies under ``ab/cdef...``,
a segment of the fetch log under ``log/<instant>-<sha256>.jsonl``, an anchor of a ledger under
``anchors/<ledger>/<number>-<rows>-<head>-<instant>-<hash>``, a resume anchor with ``.resume`` behind it and its reason
as the content. Anchors of older versions are named ``<rows>-<head>``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from footpred_dagster.core.predictions.ledger_verifier import Anchor
from footpred_dagster.core.settings import Bucket, Settings, parse_storage_url

DIGEST = re.compile(r"[0-9a-f]{64}")
OBJECT = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})")
LOG_FOLDER = "log"
SEGMENT = re.compile(LOG_FOLDER + r"/([0-9TZ]+-([0-9a-f]{64}))\.jsonl")
ANCHOR_FOLDER = "anchors"
UNTIMED_ANCHOR = re.compile(r"(\d+)-([0-9a-f]{64})")
ANCHOR = re.compile(r"(\d+)-(\d+)-([0-9a-f]{64}|empty)-([0-9]{8}T[0-9]{12}Z)-([0-9a-f]{64})(\.resume)?")
ANCHOR_INSTANT = "%Y%m%dT%H%M%S%fZ"
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

    def put_anchor(self, ledger: str, anchor: Anchor) -> None:
        """Keep an anchor of a ledger (its uuid); one that contradicts it is kept beside it."""
        name = f"{anchor.rows:012d}-{anchor.head or 'empty'}"
        if anchor.at is not None:
            at = anchor.at.astimezone(UTC).strftime(ANCHOR_INSTANT)
            name = f"{anchor.number:09d}-{name}-{at}-{anchor.hash}{'.resume' if anchor.because else ''}"
        body = (anchor.because or anchor.hash or anchor.head).encode()
        self._keep(f"{ANCHOR_FOLDER}/{ledger}/{name}", f"the anchor of ledger row {anchor.rows}", body)

    def anchors(self, ledger: str) -> list[Anchor]:
        """Every anchor of a ledger; none for a new one."""
        folder = f"{ANCHOR_FOLDER}/{ledger}/"
        keys = self._listed(folder.rstrip("/"))
        return [anchor for key in keys if (anchor := self._anchor(key, key.removeprefix(folder)))]

    def _anchor(self, key: str, name: str) -> Anchor | None:
        if untimed := UNTIMED_ANCHOR.fullmatch(name):
            return Anchor(int(untimed[1]), untimed[2])
        if not (parts := ANCHOR.fullmatch(name)):
            return None
        because = self._reason(key) if parts[6] else None
        at = datetime.strptime(parts[4], ANCHOR_INSTANT).replace(tzinfo=UTC)
        head = "" if parts[3] == "empty" else parts[3]
        return Anchor(int(parts[2]), head, int(parts[1]), at, because, parts[5])

    def _reason(self, key: str) -> str:
        try:
            return (self._read(key) or b"").decode(errors="replace")
        except OSError as error:
            raise ArchiveError(f"cannot read {key} in {self.place}: {error}") from error

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


class LocalArchive(Archive):
    """Archive in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)

    def _read(self, key: str) -> bytes | None:
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def _create(self, key: str, body: bytes) -> bool:
        if self._exists(key):
            return False
        self._replace(key, body)
        return True

    def _replace(self, key: str, body: bytes) -> None:
        """Beside its place, then renamed: a crash or a full disk leaves no half object under a good name."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".put-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _exists(self, key: str) -> bool:
        return (self.root / key).exists()

    def _keys(self, folder: str) -> Iterator[str]:
        for path in (self.root / folder).rglob("*"):
            yield path.relative_to(self.root).as_posix()


def open_archive(settings: Settings, s3_client: Callable[[], Any] | None = None) -> Archive:
    """The archive of an installation: FOOTPRED_STORAGE_URL, or the folder in its home.

    ``s3_client`` makes the boto3 client when one is needed; by default boto3 does, from the AWS_* variables.
    """
    return archive_at(settings.storage_url, s3_client) if settings.storage_url else LocalArchive(settings.archive)


def archive_at(url: str, s3_client: Callable[[], Any] | None = None) -> Archive:
    """The archive at a storage URL; nothing is asked of it yet. Raises ValueError as ``parse_storage_url`` does."""
    place = parse_storage_url(url)
    if not isinstance(place, Bucket):
        return LocalArchive(place)
    from footpred_dagster.core.archive.s3 import (  # boto3 takes half a second: only who needs it pays
        S3Archive,
        new_client,
    )

    return S3Archive(place, s3_client or new_client)


def _object_key(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _segment_key(name: str) -> str:
    return f"{LOG_FOLDER}/{name}.jsonl"
