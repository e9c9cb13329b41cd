"""Archives of both kinds, and a hand that reaches past them into where they keep their bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.s3 import S3Archive
from footpred_dagster.core.settings import Bucket
from tests.support.s3 import S3Server


class Backend(Protocol):
    """``url`` is the archive's storage URL."""

    archive: Archive
    url: str

    def stored(self) -> dict[str, object]:
        """Everything that lies there by key, with what changes when it is written again."""
        ...

    def overwrite(self, key: str, body: bytes) -> None: ...


class LocalBackend:
    def __init__(self, root: Path) -> None:
        self.archive, self.url, self._root = LocalArchive(root), root.as_uri(), root

    def stored(self) -> dict[str, object]:
        files = [path for path in self._root.rglob("*") if path.is_file()]
        return {
            path.relative_to(self._root).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files
        }

    def overwrite(self, key: str, body: bytes) -> None:
        (self._root / key).parent.mkdir(parents=True, exist_ok=True)
        (self._root / key).write_bytes(body)


class S3Backend:
    def __init__(self, server: S3Server, bucket: Bucket) -> None:
        self.archive = S3Archive(bucket, server.client)
        self.url = f"s3://{bucket.name}/{bucket.prefix}"
        self._client, self._bucket = server.client(), bucket.name
        self._prefix = f"{bucket.prefix}/" if bucket.prefix else ""

    def stored(self) -> dict[str, object]:
        found = self._client.list_object_versions(Bucket=self._bucket).get("Versions", ())
        return {item["Key"].removeprefix(self._prefix): item["VersionId"] for item in found if item["IsLatest"]}

    def overwrite(self, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=body)
