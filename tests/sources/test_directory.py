"""A local folder answers as the site would."""

from __future__ import annotations

import os
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.base import (
    FIXTURES_PATH,
    MAX_BODY,
    BodyTooLarge,
    SourceUnavailable,
    Validators,
    results_path,
)
from footpred_dagster.sources.catalog import open_source
from footpred_dagster.sources.directory import DirectorySource
from footpred_dagster.sources.http import HttpSource

PATH = results_path("E0", Season(2024))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(b"Div,Date\r\n")
    return folder


def test_paths_are_the_sites() -> None:
    assert PATH == "mmz4281/2425/E0.csv"
    assert results_path("SC3", Season(1999)) == "mmz4281/9900/SC3.csv"
    assert FIXTURES_PATH == "fixtures.csv"


def test_a_file_is_served_with_its_validators(root: Path) -> None:
    answer = DirectorySource(root).fetch(PATH)
    assert (answer.status, answer.body, answer.url) == (200, b"Div,Date\r\n", (root / PATH).as_uri())
    assert answer.etag is not None
    assert answer.last_modified is not None
    assert parsedate_to_datetime(answer.last_modified).timestamp() == int((root / PATH).stat().st_mtime)
    assert answer.seconds >= 0


def test_an_unchanged_file_answers_304_without_being_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = DirectorySource(root)
    first = source.fetch(PATH)

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(Path, "open", forbidden)
    again = source.fetch(PATH, Validators(first.etag, first.last_modified))
    assert (again.status, again.body, again.etag) == (304, None, first.etag)
    assert source.fetch(PATH, Validators(None, first.last_modified)).status == 304


@pytest.mark.parametrize("known", [Validators('"other"', None), Validators(None, None), Validators(None, "yesterday")])
def test_other_validators_bring_the_file(root: Path, known: Validators) -> None:
    assert DirectorySource(root).fetch(PATH, known).status == 200


def test_a_change_within_the_same_second_is_seen(root: Path) -> None:
    source = DirectorySource(root)
    first = source.fetch(PATH)
    stamp = (root / PATH).stat().st_mtime_ns
    (root / PATH).write_bytes(b"Div,Dat2\r\n")
    os.utime(root / PATH, ns=(stamp + 1, stamp + 1))
    again = source.fetch(PATH, Validators(first.etag, first.last_modified))
    assert (again.status, again.body) == (200, b"Div,Dat2\r\n")


@pytest.mark.parametrize("path", ["fixtures.csv", "mmz4281/2425", f"{PATH}/x", "mmz4281/9999/E0.csv"])
def test_what_is_no_file_is_not_published(root: Path, path: str) -> None:
    answer = DirectorySource(root).fetch(path)
    assert (answer.status, answer.body, answer.etag) == (404, None, None)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "mmz4281/../../secret.csv", "link.csv"])
def test_nothing_outside_the_folder_is_served(root: Path, path: str) -> None:
    (root.parent / "secret.csv").write_text("secret")
    (root / "link.csv").symlink_to(root.parent / "secret.csv")
    with pytest.raises(ValueError, match="leads out of"):
        DirectorySource(root).fetch(path)


def test_a_folder_that_is_gone_is_unavailable_not_unpublished(root: Path) -> None:
    source = DirectorySource(root)
    root.rename(root.with_name("moved"))
    with pytest.raises(SourceUnavailable, match="does not exist"):
        source.fetch(PATH)


def test_a_body_over_the_limit_is_not_read(root: Path) -> None:
    with (root / PATH).open("wb") as file:
        file.truncate(MAX_BODY + 1)
    with pytest.raises(BodyTooLarge, match="over 8 MiB") as caught:
        DirectorySource(root).fetch(PATH)
    assert caught.value.url == (root / PATH).as_uri()


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "fixtures.csv")
    assert DirectorySource(root).fetch(FIXTURES_PATH).status == 404


def test_open_source_reads_a_folder_an_address_or_the_site(root: Path) -> None:
    folder = open_source(str(root))
    assert isinstance(folder, DirectorySource)
    assert folder.name == str(root)
    site, mirror = open_source("football-data"), open_source("http://127.0.0.1:1/mirror/")
    assert isinstance(site, HttpSource)
    assert isinstance(mirror, HttpSource)
    assert (site.name, mirror.name) == ("football-data", "http://127.0.0.1:1/mirror/")
    site.close()
    mirror.close()


@pytest.mark.parametrize("where", ["", "football", "/no/such/folder", "ftp://example.org", "http://"])
def test_open_source_names_the_accepted_forms(where: str) -> None:
    with pytest.raises(ValueError, match=r"football-data|http\(s\)://"):
        open_source(where)
