"""The archive gives back the bytes it was given or says that it cannot: no third way, no half objects."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from footpred_dagster.core.storage import ArchiveError, LocalArchive, sha256_hex

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, example of "abc"

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from footpred_dagster.core.storage import ArchiveError, LocalArchive
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
archive = LocalArchive(Path(sys.argv[1]))
kept = archive.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    archive.put(b"x" * 5000)
except ArchiveError as error:
    print(error)
assert archive.get(kept) == b"small"
"""


@pytest.fixture
def archive(tmp_path: Path) -> LocalArchive:
    return LocalArchive(tmp_path / "archive")


def files(archive: LocalArchive) -> list[Path]:
    return sorted(path for path in archive.root.rglob("*") if path.is_file())


def stored(archive: LocalArchive, digest: str) -> Path:
    return next(path for path in files(archive) if digest.endswith(path.name))


@pytest.mark.parametrize("body", [b"abc", b"", b"\r\n\x00\xff", b"x" * 2_000_000])
def test_bytes_come_back_as_they_were(archive, body):
    digest = archive.put(body)
    assert digest == sha256_hex(body)
    assert archive.has(digest)
    assert archive.get(digest) == body


def test_objects_are_named_by_their_sha256(archive):
    assert archive.put(b"abc") == ABC
    assert not archive.has(sha256_hex(b"abd"))


def test_putting_the_same_bytes_again_writes_nothing(archive):
    digest = archive.put(b"abc")
    before = stored(archive, digest).stat()
    assert archive.put(b"abc") == digest
    after = stored(archive, digest).stat()
    assert len(files(archive)) == 1
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_many_writers_of_one_object_leave_one_whole_object(archive):
    body = b"x" * 100_000
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(archive.put, [body] * 16))
    assert len(files(archive)) == 1
    assert [archive.get(digest) for digest in digests] == [body]


@pytest.mark.parametrize("damage", [b"abd", b"ab", b"", b"abcc"])
def test_damage_is_detected_when_read_and_the_object_named(archive, damage):
    digest = archive.put(b"abc")
    stored(archive, digest).write_bytes(damage)
    with pytest.raises(ArchiveError, match=f"{digest}.*damaged"):
        archive.get(digest)


def test_a_damaged_object_is_whole_again_once_its_bytes_are_put_again(archive):
    """Forbids an archive that says it kept what it cannot give back: a refetch must be able to heal it."""
    digest = archive.put(b"abc")
    stored(archive, digest).write_bytes(b"")
    assert archive.put(b"abc") == digest
    assert archive.get(digest) == b"abc"


def test_a_missing_object_is_named_with_the_place_looked_at(archive):
    with pytest.raises(ArchiveError, match=f"{ABC} is not in the archive {archive.root}"):
        archive.get(ABC)


def test_a_full_disk_leaves_no_half_object_and_harms_no_whole_one(archive):
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(archive.root)], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"cannot archive {sha256_hex(b'x' * 5000)} in {archive.root}")
    assert [path.stat().st_size for path in files(archive)] == [5]


@pytest.mark.parametrize("blocked", ["archive", f"archive/{ABC[:2]}"])
def test_an_archive_whose_folder_cannot_be_made_says_so_as_its_own_error(archive, blocked):
    """A mount that is missing or a file in the way fails even for root, before a byte is written."""
    place = archive.root.parent / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
    with pytest.raises(ArchiveError, match=ABC):
        archive.put(b"abc")
