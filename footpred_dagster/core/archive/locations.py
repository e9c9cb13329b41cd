"""Which archive an installation has, and the one at a storage URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.settings import Bucket, Settings, parse_storage_url


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
