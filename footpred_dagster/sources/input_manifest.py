"""The input manifest of what the warehouse holds now, and a warehouse filled from a manifest."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.clubs.aliases import decide, parse_seed, seed_lines, seed_text
from footpred_dagster.core.domain import Season
from footpred_dagster.core.lineage.input_manifest import Inputs, Partition, Seed
from footpred_dagster.core.matches import rulings as match_rulings
from footpred_dagster.core.settings import PACKAGE_ROOT
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.load import FIXTURES, results_target
from footpred_dagster.sources.registry import source_of

SEEDS = PACKAGE_ROOT / "dbt_project" / "seeds"
FEATURES = "fct_match_features"
BY_MANIFEST = "input manifest"
DECISIONS = "raw/club_decisions.csv"
"""Decisions in force about names of clubs, as lines of the seed: data from outside as the seeds are."""
RULINGS = "raw/match_rulings.csv"
"""Users' rulings in force about matches, likewise."""


class InputsRefused(ValueError):
    """The parser of this version refuses a file that an earlier one read; the message says which and why."""


def keep_inputs(connection: psycopg.Connection, archive: Archive) -> str | None:
    """Archive the manifest of what the features are made of; its sha256.

    None when results were loaded that the features have not taken in: then nobody can say what they are made of.
    """
    if not _features_are_current(connection):
        return None
    rows = connection.execute(
        'select partition_key, sha256, parser_version from raw.loads order by partition_key collate "C"'
    ).fetchall()
    partitions = [Partition(key, _target(key).path, sha256, parser) for key, sha256, parser in rows]
    seeds = [
        Seed(path.relative_to(PACKAGE_ROOT).as_posix(), archive.put(path.read_bytes()))
        for path in sorted(SEEDS.glob("*.csv"))
    ]
    if decisions := seed_text(seed_lines(connection)):
        seeds.append(Seed(DECISIONS, archive.put(decisions.encode())))
    if rulings := match_rulings.as_text(match_rulings.stated(connection)):
        seeds.append(Seed(RULINGS, archive.put(rulings.encode())))
    return Inputs(tuple(partitions), tuple(seeds)).keep(archive)


def load_inputs(
    connection: psycopg.Connection, archive: Archive, inputs: Inputs, progress: Callable[[Partition], None]
) -> None:
    """Fill the raw tables of an empty database with exactly the bodies of a manifest; the archive is only read.

    Raises InputsRefused, or ArchiveError when a body is missing or damaged.
    """
    for partition in inputs.partitions:
        target = _target(partition.partition)
        loaded = source_of(target).load_body(connection, archive, partition.sha256, target)
        if loaded.state == "refused":
            raise InputsRefused(f"{partition.partition} ({partition.sha256}) is refused today: {loaded.detail}")
        progress(partition)
    for seed in inputs.seeds:
        if seed.path == DECISIONS:
            for alias in reversed(parse_seed(archive.get(seed.sha256).decode(), header=False)):
                decide(connection, alias, actor=BY_MANIFEST)
        elif seed.path == RULINGS:
            for ruling in match_rulings.parse(archive.get(seed.sha256).decode()):
                match_rulings.state(connection, ruling, actor=BY_MANIFEST)


def _target(partition_key: str) -> Target:
    if partition_key == FIXTURES.partition_key:
        return FIXTURES
    league, _, season = partition_key.partition("|")
    return results_target(league, Season.stored(season))


def _features_are_current(connection: psycopg.Connection) -> bool:
    row = connection.execute(
        """
        select change_id >= coalesce((select max(change_id) from raw.changes), 0)
        from intermediate.build_marks where model = %s
        """,
        [FEATURES],
    ).fetchone()
    return row == (True,)
