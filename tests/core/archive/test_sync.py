"""Pulling leaves a whole copy of an archive, or says object by object what the source could not give."""

from __future__ import annotations

import pytest

from footpred_dagster.core.archive.base import ArchiveError, sha256_hex
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.sync import Pulled, pull

BODIES = [bytes([number]) * (1 + number * 1000) for number in range(20)]


@pytest.fixture
def source(backend):
    for body in BODIES:
        backend.archive.put(body)
    backend.archive.put_segment(b'{"path": "a"}\n')
    backend.archive.put_segment(b'{"path": "b"}\n')
    return backend.archive


@pytest.fixture
def target(tmp_path):
    return LocalArchive(tmp_path / "home")


def whole(source, target) -> bool:
    """Everything of the source is in the target, verified, under the same names."""
    assert target.digests() == source.digests()
    assert target.segments() == source.segments()
    return all(target.get(digest) for digest in target.digests()) and all(map(target.get_segment, target.segments()))


def test_everything_is_copied_once(source, target):
    heard: list[tuple[int, int]] = []
    size = sum(map(len, BODIES)) + 2 * 14
    assert pull(source, target, lambda *step: heard.append(step)) == Pulled(20, 2, 22, size)
    assert heard == [(done, 22) for done in range(23)]
    assert whole(source, target)
    assert pull(source, target) == Pulled(20, 2)


def test_what_is_missing_or_damaged_here_is_fetched_and_nothing_else(source, target, tmp_path):
    pull(source, target)
    gone, damaged = (sha256_hex(body) for body in BODIES[:2])
    (tmp_path / "home" / gone[:2] / gone[2:]).unlink()
    (tmp_path / "home" / damaged[:2] / damaged[2:]).write_bytes(b"x")
    assert pull(source, target) == Pulled(20, 2, 2, len(BODIES[0]) + len(BODIES[1]))
    assert whole(source, target)


def test_an_object_that_is_damaged_at_the_source_is_refused_by_name_and_the_others_are_copied(source, backend, target):
    bad, segment = sha256_hex(BODIES[7]), source.segments()[0]
    backend.overwrite(f"{bad[:2]}/{bad[2:]}", b"corrupt")
    backend.overwrite(f"log/{segment}.jsonl", b"corrupt")
    pulled = pull(source, target)
    assert set(pulled.refused) == {bad, segment}
    assert f"{bad} in {source.place} is damaged" in pulled.refused[bad]
    assert pulled.copied == 20
    assert not target.has(bad)
    assert target.segments() == source.segments()[1:]


def test_a_pull_that_is_broken_off_is_taken_up_again(source, target, tmp_path):
    """The last object's folder cannot be made; what came before stays, and no segment names what is not there."""
    last = source.digests()[-1]
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / last[:2]).write_text("in the way")
    with pytest.raises(ArchiveError, match=f"{last}"):
        pull(source, target)
    assert target.segments() == []
    (tmp_path / "home" / last[:2]).unlink()
    again = pull(source, target)
    assert (again.objects, again.refused) == (20, {})
    assert 0 < again.copied < 22
    assert whole(source, target)


def test_an_archive_that_holds_nothing_is_taken_for_a_wrong_address(target, tmp_path):
    with pytest.raises(ArchiveError, match="elsewhere holds no objects: nothing to pull"):
        pull(LocalArchive(tmp_path / "elsewhere"), target)
