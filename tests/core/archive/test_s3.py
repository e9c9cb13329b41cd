"""An S3 archive that cannot be used says in a line what is wrong and what to do, and never repeats a secret."""

from __future__ import annotations

import re

import pytest

from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.archive.locations import archive_at
from footpred_dagster.core.settings import Bucket
from tests.support.s3 import ACCESS_KEY, SECRET_KEY, S3Server

DIGEST = "0" * 64
WRONG_SECRET = "planted-wrong-secret"


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch, s3: S3Server):
    """Sets the environment of the server, with changes; None takes a variable away."""

    def set_environment(**changes: str | None) -> None:
        for name, value in (s3.environment | changes).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_environment


def failures(url: str) -> set[str]:
    """What every operation says when it fails, without the object it was about; each must fail."""
    archive = archive_at(url)
    said = set()
    operations = (
        lambda: archive.put(b"abc"),
        lambda: archive.get(DIGEST),
        lambda: archive.has(DIGEST),
        archive.digests,
        archive.segments,
    )
    for operation in operations:
        with pytest.raises(ArchiveError) as failure:
            operation()
        assert "\n" not in str(failure.value)
        assert all(isinstance(error, ArchiveError) for error in chain(failure.value)), "a traceback shows it all"
        said.add(str(failure.value).partition(archive.place + ": ")[2])
    return said


def chain(error: BaseException | None) -> list[BaseException]:
    """An error and what a traceback would print before it."""
    if error is None:
        return []
    return [error, *chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))]


def test_the_environment_is_enough_to_reach_a_server(s3, reach):
    reach()
    archive = archive_at(f"s3://{s3.new_bucket()}/prod")
    assert archive.get(archive.put(b"abc")) == b"abc"


def test_the_general_endpoint_variable_serves_as_well(s3, reach, monkeypatch):
    reach(AWS_ENDPOINT_URL_S3=None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    assert archive_at(f"s3://{s3.new_bucket()}").digests() == []


def test_a_wrong_secret_is_refused_by_the_server_and_named_by_its_variable(s3, reach):
    reach(AWS_SECRET_ACCESS_KEY=WRONG_SECRET)
    (said,) = failures(f"s3://{s3.new_bucket()}/prod")
    assert said == (
        "the server refuses the secret key: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (SignatureDoesNotMatch)"
    )


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, "does not know the access key: check AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no credentials: set AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": None}, "no credentials|PartialCredentials"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "cannot be reached: check AWS_ENDPOINT_URL_S3"),
        ({"AWS_ENDPOINT_URL_S3": "http://me:hush@127.0.0.1:9"}, "cannot be reached: check AWS_ENDPOINT_URL_S3"),
        ({"AWS_ENDPOINT_URL_S3": "hush"}, "check the AWS_\\* variables"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_the_way_out_and_without_secrets(s3, reach, changes, cause):
    reach(**changes)
    (said,) = failures(f"s3://{s3.new_bucket()}")
    assert re.search(cause, said)
    assert not any(secret in said for secret in ("hush", SECRET_KEY, ACCESS_KEY))


def test_a_bucket_that_is_not_there_is_not_taken_for_an_empty_archive(reach):
    reach()
    (said,) = failures("s3://no-such-bucket/prod")
    assert said == "there is no such bucket: create it or correct the storage URL (NoSuchBucket)"


def test_nothing_secret_is_in_the_repr(s3, reach):
    reach()
    archive = archive_at(f"s3://{s3.new_bucket()}")
    archive.digests()
    assert SECRET_KEY not in repr(archive) + repr(vars(archive)) + repr(Bucket("a", "b"))
