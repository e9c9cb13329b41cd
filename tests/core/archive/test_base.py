"""The archive gives back the bytes it was given or says that it cannot: no third way, whatever it lies on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from footpred_dagster.core.archive.base import ArchiveError, ObjectLost, sha256_hex
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.locations import archive_at, open_archive
from footpred_dagster.core.settings import Bucket, Settings
from tests.support.archives import S3Backend

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, example of "abc"


@pytest.fixture
def archive(backend):
    return backend.archive


@pytest.mark.parametrize("body", [b"abc", b"", b"\r\n\x00\xff", b"x" * 2_000_000])
def test_bytes_come_back_as_they_were(archive, body):
    digest = archive.put(body)
    assert digest == sha256_hex(body)
    assert archive.has(digest)
    assert archive.get(digest) == body


def test_objects_are_named_by_their_sha256_and_lie_where_every_backend_puts_them(archive, backend):
    assert archive.put(b"abc") == ABC
    assert not archive.has(sha256_hex(b"abd"))
    assert set(backend.stored()) == {f"{ABC[:2]}/{ABC[2:]}"}


def test_putting_the_same_bytes_again_writes_nothing(archive, backend):
    archive.put(b"abc")
    before = backend.stored()
    assert archive.put(b"abc") == ABC
    assert backend.stored() == before


def test_many_writers_of_one_object_leave_one_whole_object(archive, backend):
    body = b"x" * 100_000
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(archive.put, [body] * 8))
    assert len(backend.stored()) == 1
    assert [archive.get(digest) for digest in digests] == [body]


@pytest.mark.parametrize("damage", [b"abd", b"ab", b"", b"abcc"])
def test_damage_is_detected_when_read_and_the_object_named(archive, backend, damage):
    digest = archive.put(b"abc")
    backend.overwrite(f"{ABC[:2]}/{ABC[2:]}", damage)
    with pytest.raises(ObjectLost, match=f"{digest} in {archive.place} is damaged"):
        archive.get(digest)


def test_a_damaged_object_is_whole_again_once_its_bytes_are_put_again(archive, backend):
    """Forbids an archive that says it kept what it cannot give back: a refetch must be able to heal it."""
    digest = archive.put(b"abc")
    backend.overwrite(f"{ABC[:2]}/{ABC[2:]}", b"")
    assert archive.put(b"abc") == digest
    assert archive.get(digest) == b"abc"


def test_a_missing_object_is_named_with_the_place_looked_at(archive):
    with pytest.raises(ObjectLost, match=f"{ABC} is not in the archive {archive.place}"):
        archive.get(ABC)


def test_objects_are_listed_and_what_is_none_is_passed_over(archive, backend):
    assert archive.digests() == []
    kept = sorted(archive.put(bytes([number])) for number in range(5))
    archive.put_segment(b"{}\n")
    backend.overwrite(f"{ABC[:2]}/.put-half", b"a killed process left this")
    backend.overwrite("README", b"somebody else's")
    assert archive.digests() == kept


def test_a_thousand_objects_are_listed_over_several_pages(s3):
    backend = S3Backend(s3, Bucket(s3.new_bucket(), ""))
    with ThreadPoolExecutor(8) as pool:
        kept = sorted(pool.map(lambda number: backend.archive.put(str(number).encode()), range(1005)))
    assert backend.archive.digests() == kept


def test_segments_of_the_log_come_back_in_the_order_they_were_written_and_verified(archive, backend):
    assert archive.segments() == []
    names = [archive.put_segment(text) for text in (b"z\n", b"a\n", b"m\n")]
    assert archive.segments() == names
    assert [archive.get_segment(name) for name in names] == [b"z\n", b"a\n", b"m\n"]
    backend.overwrite(f"log/{names[1]}.jsonl", b"a\nforged\n")
    with pytest.raises(ObjectLost, match=f"{names[1]} in {archive.place} is damaged"):
        archive.get_segment(names[1])


def test_the_storage_url_chooses_the_place_and_without_one_it_is_in_the_home(tmp_path):
    assert open_archive(Settings(tmp_path)).place == str(tmp_path / "archive")
    assert open_archive(Settings(tmp_path, storage_url="file:///some%20where")).place == "/some where"
    assert open_archive(Settings(tmp_path, storage_url="s3://bucket/a/b/")).place == "s3://bucket/a/b"
    assert archive_at("s3://bucket").place == "s3://bucket"


@pytest.mark.parametrize("blocked", ["archive", f"archive/{ABC[:2]}"])
def test_an_archive_whose_folder_cannot_be_made_says_so_as_its_own_error(tmp_path: Path, blocked):
    """A mount that is missing or a file in the way fails even for root, before a byte is written."""
    place = tmp_path / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
    with pytest.raises(ArchiveError, match=ABC):
        LocalArchive(tmp_path / "archive").put(b"abc")
