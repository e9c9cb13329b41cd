"""The archive on any S3 server. Endpoint, region and credentials come from the usual AWS_* variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)

from footpred_dagster.core.archive.base import Archive, ArchiveError
from footpred_dagster.core.settings import Bucket

CREDENTIALS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
ENDPOINT = "check AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) and that the server is up"
CAUSES = {
    "NoSuchBucket": "there is no such bucket: create it or correct the storage URL",
    "SignatureDoesNotMatch": f"the server refuses the secret key: {CREDENTIALS}",
    "InvalidAccessKeyId": f"the server does not know the access key: {CREDENTIALS}",
    "AccessDenied": "the access key may not do this: let it list, read and write the bucket",
    "ExpiredToken": "the session token has expired: renew AWS_SESSION_TOKEN",
}
"""What S3 error codes mean to who runs this, with the way out."""

TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")
"""Answers to a conditional write when the key exists, or is being written by somebody else."""


def new_client() -> Any:
    """A boto3 client that gives up on a silent server within a minute."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})
    return boto3.Session().client("s3", config=config)


class S3Archive(Archive):
    """Archive below a prefix of a bucket. ``connect`` makes the client, when the archive is first used.

    Safe for threads. Errors name what is wrong but repeat nothing the server or boto3 said: that may hold an address
    with a password in it.
    """

    def __init__(self, bucket: Bucket, connect: Callable[[], Any]) -> None:
        self._bucket = bucket.name
        self._prefix = f"{bucket.prefix}/" if bucket.prefix else ""
        self._connect = connect
        self.place = f"s3://{bucket.name}/{bucket.prefix}".rstrip("/")

    @cached_property
    def _client(self) -> Any:
        return self._connect()

    def _read(self, key: str) -> bytes | None:
        try:
            with _explained():
                return bytes(self._client.get_object(**self._at(key))["Body"].read())
        except _NoSuchKey:
            return None

    def _create(self, key: str, body: bytes) -> bool:
        try:
            with _explained():
                self._client.put_object(**self._at(key), Body=body, IfNoneMatch="*")
        except _Taken:
            return False
        return True

    def _replace(self, key: str, body: bytes) -> None:
        with _explained():
            self._client.put_object(**self._at(key), Body=body)

    def _exists(self, key: str) -> bool:
        # Listed, because the answer to HEAD does not tell a missing bucket from a missing key.
        return next(self._keys(key), None) == key

    def _keys(self, folder: str) -> Iterator[str]:
        with _explained():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + folder):
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix)

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}


class _NoSuchKey(ArchiveError):
    """The bucket answers and holds no such key."""


class _Taken(ArchiveError):
    """A conditional write found the key in use."""


@contextmanager
def _explained() -> Iterator[None]:
    """boto3's errors as ArchiveErrors that say what to do."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "?"))
        if code == "NoSuchKey":
            raise _NoSuchKey(code) from None
        if code in TAKEN:
            raise _Taken(code) from None
        raise ArchiveError(f"{CAUSES.get(code, 'the server refuses the request')} ({code})") from None
    except (EndpointConnectionError, ConnectTimeoutError):
        raise ArchiveError(f"the S3 server cannot be reached: {ENDPOINT}") from None
    except (NoCredentialsError, PartialCredentialsError):
        raise ArchiveError("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        raise ArchiveError(f"the S3 client fails ({type(error).__name__}): check the AWS_* variables") from None
