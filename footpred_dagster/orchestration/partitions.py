"""Partitions of ``raw/matches``: league-seasons, added as they come into being.

Dynamic, so that a code server that runs since June follows the new season in August. The keys are those that earlier
versions listed statically; what is materialized stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

import dagster as dg

from footpred_dagster.sources.league_seasons import league_seasons

LEAGUE_SEASON_PARTITIONS = dg.DynamicPartitionsDefinition(name="league_season")
_NAME = str(LEAGUE_SEASON_PARTITIONS.name)


def add_partitions(instance: dg.DagsterInstance, today: date, first: Sequence[str] = ()) -> list[str]:
    """Add every league-season that can have begun by ``today`` and is no partition yet; returns the new keys.

    Those of ``first`` come before the others, so that a run of them is one range.
    """
    known = set(instance.get_dynamic_partitions(_NAME))
    possible = [pair.key for pair in league_seasons(today)]
    preferred = set(first)
    new = sorted((key for key in possible if key not in known), key=lambda key: key not in preferred)
    if new:
        instance.add_dynamic_partitions(_NAME, new)
    return new


def ranges(instance: dg.DagsterInstance, keys: Sequence[str]) -> list[tuple[str, str]]:
    """``keys`` as (first, last) of partitions that follow one another: Dagster takes one range per run.

    The order is that in which partitions were added. Raises KeyError for a key that is no partition.
    """
    position = {key: index for index, key in enumerate(instance.get_dynamic_partitions(_NAME))}
    ordered = sorted(keys, key=position.__getitem__)
    runs = groupby(enumerate(ordered), key=lambda item: position[item[1]] - item[0])
    grouped = [[key for _, key in run] for _, run in runs]
    return [(run[0], run[-1]) for run in grouped]
