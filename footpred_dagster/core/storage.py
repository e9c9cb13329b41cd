"""Content-addressed archive: every byte we ever parsed or served, named by its sha256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol


class ArchiveError(OSError):
    """The archive cannot give back, or keep, what it was asked to; the message names the object and its place."""


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Archive(Protocol):
    """Objects are immutable: a digest is written once, and reading verifies it."""

    def put(self, body: bytes) -> str:
        """Keep ``body`` and return its sha256 in hex; a second put of the same bytes does nothing."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes of ``digest``, verified; raises ArchiveError when missing or damaged."""
        ...

    def has(self, digest: str) -> bool: ...


class LocalArchive:
    """Archive in a folder, two-character fan-out: ``<root>/ab/cdef...``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    def put(self, body: bytes) -> str:
        digest = sha256_hex(body)
        path = self._path(digest)
        try:
            if path.exists() and path.read_bytes() == body:
                return digest
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, body)
        except OSError as error:
            raise ArchiveError(f"cannot archive {digest} in {self.root}: {error}") from error
        return digest

    @staticmethod
    def _write(path: Path, body: bytes) -> None:
        """Beside its place, then renamed: a crash or a full disk leaves no half object under a good name."""
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

    def get(self, digest: str) -> bytes:
        try:
            body = self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise ArchiveError(f"{digest} is not in the archive {self.root}") from error
        except OSError as error:
            raise ArchiveError(f"cannot read {digest} in {self.root}: {error}") from error
        if sha256_hex(body) != digest:
            raise ArchiveError(f"{digest} in {self.root} is damaged: its bytes hash to {sha256_hex(body)}")
        return body

    def has(self, digest: str) -> bool:
        return self._path(digest).exists()
