"""A local folder answers as the site would."""

from __future__ import annotations

import os
import stat
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.catalog import open_source
from footpred_dagster.sources.clients.base import (
    FIXTURES_PATH,
    MAX_BODY,
    BodyTooLarge,
    FileUnreadable,
    SourceUnavailable,
    Validators,
    results_path,
)
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.clients.http import HttpSource

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


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "mmz4281/../../secret.csv"])
def test_no_path_leads_out_of_the_folder(root: Path, path: str) -> None:
    (root.parent / "secret.csv").write_text("secret")
    with pytest.raises(ValueError, match="leads out of"):
        DirectorySource(root).fetch(path)


@pytest.fixture
def links(root: Path) -> Path:
    """A folder of links as a mounted ConfigMap lays it out: the files are elsewhere, behind a folder that moves."""
    data = root.rename(root.with_name("..data_1"))
    mount = root
    mount.mkdir()
    (mount / "..data").symlink_to(data)
    (mount / "mmz4281").symlink_to("..data/mmz4281")
    (mount / FIXTURES_PATH).symlink_to(data / PATH)
    return mount


@pytest.mark.fault(57, "a folder of symbolic links as source")
def test_links_are_followed_wherever_they_lead(links: Path) -> None:
    source = DirectorySource(links)
    first = source.fetch(PATH)
    assert (first.status, first.body) == (200, b"Div,Date\r\n")
    assert source.fetch(PATH, Validators(first.etag, first.last_modified)).status == 304
    assert source.fetch(FIXTURES_PATH).body == first.body
    assert source.fetch(results_path("D1", Season(2024))).status == 404


def test_the_folder_itself_may_be_a_link(root: Path) -> None:
    alias = root.with_name("alias")
    alias.symlink_to(root)
    assert DirectorySource(alias).fetch(PATH).status == 200


@pytest.mark.fault(57, "a link loop, a link to nothing, a file that may not be read: one line, for that file alone")
@pytest.mark.parametrize(
    ("bend", "reason", "said"),
    [
        (lambda file: file.symlink_to(file), "link_loop", "form a loop"),
        (lambda file: file.symlink_to("../gone.csv"), "broken_link", "is a link to ../gone.csv, which does not exist"),
        (
            lambda file: (file.symlink_to(file.with_name("b")), file.with_name("b").symlink_to(file)),
            "link_loop",
            "loop",
        ),
    ],
)
def test_a_link_that_cannot_be_read_is_one_line_about_one_file(root: Path, bend, reason: str, said: str) -> None:
    other = root / results_path("D1", Season(2024))
    bend(other)
    with pytest.raises(FileUnreadable) as caught:
        DirectorySource(root).fetch(results_path("D1", Season(2024)))
    assert caught.value.reason == reason
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert DirectorySource(root).fetch(PATH).status == 200


def test_a_season_folder_that_links_to_nothing_is_no_unpublished_season(root: Path) -> None:
    (root / "mmz4281" / "2526").symlink_to("/no/such/volume")
    with pytest.raises(FileUnreadable, match="/no/such/volume"):
        DirectorySource(root).fetch(results_path("E0", Season(2025)))


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


def test_a_pipe_in_the_place_of_a_file_that_was_looked_at_is_not_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the kernel without news, such as /proc/kmsg, look like regular ones and block just so."""
    os.mkfifo(root / FIXTURES_PATH)
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: True)
    writer = os.open(root / FIXTURES_PATH, os.O_RDWR | os.O_NONBLOCK)
    try:
        with pytest.raises(FileUnreadable, match="nothing to read yet"):
            DirectorySource(root).fetch(FIXTURES_PATH)
    finally:
        os.close(writer)


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
