"""From one archive to another: what is missing there, each object verified, the log of fetches last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from footpred_dagster.core.archive.base import Archive, ArchiveError, ObjectLost

AT_ONCE = 8
"""Objects under way at a time: on S3 the time goes by waiting."""


@dataclass(slots=True)
class Pulled:
    """``objects`` and ``segments`` count what the source has, ``copied`` both kinds that came over, in ``bytes``.

    refused: why, by name, for what the source itself cannot give whole.
    """

    objects: int
    segments: int
    copied: int = 0
    bytes: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def pull(source: Archive, target: Archive, progress: Callable[[int, int], None] = lambda done, total: None) -> Pulled:
    """Copy what ``target`` lacks or holds damaged; ``progress`` hears the start, then each item.

    Interrupted, it goes on where it was when called again: segments come after the objects they name. Raises
    ArchiveError when the source holds nothing or one of the two cannot be used.
    """
    digests, segments = source.digests(), source.segments()
    if not digests:
        raise ArchiveError(f"{source.place} holds no objects: nothing to pull")
    pulled, total = Pulled(len(digests), len(segments)), len(digests) + len(segments)
    progress(0, total)
    for done, (name, size) in enumerate(_copies(source, target, digests, segments), 1):
        if isinstance(size, ObjectLost):
            pulled.refused[name] = str(size)
        elif size is not None:
            pulled.copied, pulled.bytes = pulled.copied + 1, pulled.bytes + size
        progress(done, total)
    return pulled


def _copies(
    source: Archive, target: Archive, digests: list[str], segments: list[str]
) -> Iterator[tuple[str, int | ObjectLost | None]]:
    """Each name with the bytes that came over, None when nothing had to, or why the source cannot give it."""

    def copy_object(digest: str) -> int | ObjectLost | None:
        return _copy(lambda: target.get(digest), lambda: source.get(digest), target.put)

    def copy_segment(name: str) -> int | ObjectLost | None:
        return _copy(
            lambda: target.get_segment(name),
            lambda: source.get_segment(name),
            lambda text: target.put_segment(text, name),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from zip(digests, pool.map(copy_object, digests), strict=True)
        yield from zip(segments, pool.map(copy_segment, segments), strict=True)


def _copy(
    held: Callable[[], bytes], given: Callable[[], bytes], keep: Callable[[bytes], str]
) -> int | ObjectLost | None:
    try:
        held()
        return None
    except ObjectLost:
        pass
    try:
        body = given()
    except ObjectLost as lost:
        return lost
    keep(body)
    return len(body)
