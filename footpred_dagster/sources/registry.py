"""Our sources of raw files. A new one is a package with a ``source``, and a line here."""

from __future__ import annotations

from collections.abc import Sequence

from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.source import FootballData
from footpred_dagster.sources.openfootball.source import OpenFootball
from footpred_dagster.sources.raw_source import RawSource

SOURCES: tuple[RawSource, ...] = (FootballData(), OpenFootball())


def targets_of(path: str) -> Sequence[Target]:
    """The partitions that the file at ``path`` fills; none for a path that no source of ours has."""
    return next((found for source in SOURCES if (found := source.targets_of(path))), [])


def source_of(target: Target) -> RawSource:
    """The source that a target's file is of. Raises LookupError."""
    for source in SOURCES:
        if source.targets_of(target.path):
            return source
    raise LookupError(f"no source has a file {target.path}")
