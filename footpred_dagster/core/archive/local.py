"""The archive in a folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from footpred_dagster.core.archive.base import Archive


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
