"""Partitions that follow the clock, whatever day their process was started on."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from footpred_dagster.orchestration.partitions import LEAGUE_SEASON_PARTITIONS, add_partitions, ranges
from footpred_dagster.orchestration.refresh_planning import followed
from footpred_dagster.sources.league_seasons import league_seasons

JUNE, AUGUST, SEPTEMBER = date(2026, 6, 20), date(2026, 8, 20), date(2026, 9, 5)


def keys(instance: dg.DagsterInstance) -> list[str]:
    return list(instance.get_dynamic_partitions(str(LEAGUE_SEASON_PARTITIONS.name)))


def test_partitions_are_added_once_and_in_the_order_of_the_source(instance):
    added = add_partitions(instance, JUNE)
    assert added == keys(instance) == [pair.key for pair in league_seasons(JUNE)]
    assert add_partitions(instance, JUNE) == []


@pytest.mark.fault(54, "a process that runs since June follows the new season in August and September")
@pytest.mark.parametrize("today", [AUGUST, SEPTEMBER])
def test_a_process_that_runs_since_june_follows_the_new_season(instance, warehouse, today):
    warehouse.execute(
        "insert into raw.loads (partition_key, sha256, parser_version, rows, quarantined, facts) "
        "values ('E0|2025-26', 'x', '3', 380, 0, '{}')"
    )
    add_partitions(instance, JUNE)
    new = add_partitions(instance, today)
    assert "E0|2026-27" in new
    assert keys(instance)[-len(new) :] == new
    targets = [target.partition_key for target in followed(warehouse, today)]
    assert "E0|2026-27" in targets
    assert "fixtures" in targets
    assert ranges(instance, ["E0|2026-27"]) == [("E0|2026-27", "E0|2026-27")]


def test_the_seasons_of_a_first_run_are_one_range(instance):
    wanted = [pair.key for pair in league_seasons(JUNE) if pair.league in {"E0", "SC0", "D1"}]
    add_partitions(instance, JUNE, first=wanted)
    assert ranges(instance, wanted) == [(wanted[0], wanted[-1])]


def test_partitions_apart_are_ranges_apart(instance):
    add_partitions(instance, JUNE)
    assert ranges(instance, ["ARG|2012-13", "ARG|2013-14", "ARG|2014", "E0|2025-26"]) == [
        ("E0|2025-26", "E0|2025-26"),
        ("ARG|2012-13", "ARG|2014"),
    ]


def test_what_an_older_home_materialized_under_static_keys_stays_materialized(instance):
    """Earlier versions listed the keys in the definition of the asset; the event log is all that is left of them."""
    done = ["E0|2023-24", "E0|2024-25", "SC0|2024-25"]

    def asset_of(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
        @dg.asset(key=["raw", "matches"], partitions_def=partitions)
        def matches() -> None: ...

        return matches

    static = asset_of(dg.StaticPartitionsDefinition([pair.key for pair in league_seasons(JUNE)]))
    for key in done:
        assert dg.materialize([static], instance=instance, partition_key=key).success
    add_partitions(instance, AUGUST)
    matches = asset_of(LEAGUE_SEASON_PARTITIONS)
    assert instance.get_materialized_partitions(matches.key) == set(done)
    known = set(LEAGUE_SEASON_PARTITIONS.get_partition_keys(dynamic_partitions_store=instance))
    assert set(done) < known
    assert dg.materialize([matches], instance=instance, partition_key="E0|2026-27").success
    assert instance.get_materialized_partitions(matches.key) == {*done, "E0|2026-27"}
