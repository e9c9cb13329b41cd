"""What would come out differently if it were materialized now, and why; everything else is left alone."""

from __future__ import annotations

import dagster as dg
import pytest

from footpred_dagster.orchestration import staleness
from footpred_dagster.orchestration.versions import CUT

A, B, C, D = (dg.AssetKey(["layer", name]) for name in "abcd")
PARTITIONS = dg.StaticPartitionsDefinition(["x", "y"])


def spec(key: dg.AssetKey, *deps: dg.AssetKey, code: str = "code1", **more: object) -> dg.AssetSpec:
    return dg.AssetSpec(key, deps=deps, code_version=code, **more)


def made(key: dg.AssetKey, *, code: str = "code1", version: str = "v1", cut: str | None = None, **read: str):
    """A materialization as Dagster records it; ``read`` are the data versions of the inputs, by last name."""
    tags = {"dagster/code_version": code, "dagster/data_version": version}
    tags |= {f"dagster/input_data_version/layer/{name}": value for name, value in read.items()}
    return {key: dg.AssetMaterialization(key, tags=tags, metadata={CUT: cut} if cut else {})}


def stale(specs, latest, cuts=None, unsettled=None):
    return staleness.stale_assets(specs, latest, cuts or {}, unsettled or {})


CHAIN = [spec(A), spec(B, A), spec(C, B), spec(D)]
FRESH = made(A) | made(B, a="v1") | made(C, b="v1") | made(D)


def test_what_is_as_it_was_made_is_fresh():
    assert stale(CHAIN, FRESH) == {}


def test_what_was_never_materialized_comes_upstream_first_whatever_the_order_of_the_specs():
    found = stale(reversed(CHAIN), {})
    assert set(found) == {A, B, C, D}
    assert [key for key in found if key != D] == [A, B, C]
    assert set(found.values()) == {"never materialized"}


def test_changed_code_makes_an_asset_and_all_downstream_of_it_stale_and_nothing_else():
    specs = [spec(A), spec(B, A, code="code2"), spec(C, B), spec(D)]
    assert stale(specs, FRESH) == {B: "its code changed", C: "layer/b is stale"}


def test_an_asset_recorded_without_a_code_version_is_stale_once_it_has_one():
    event = dg.AssetMaterialization(A, tags={"dagster/data_version": "v1"})
    assert stale([spec(A)], {A: event}) == {A: "its code changed"}


def test_a_newer_version_of_an_input_makes_what_read_the_older_stale():
    found = stale(CHAIN, FRESH | made(A, version="v2"))
    assert found == {B: "layer/a changed", C: "layer/b is stale"}


def test_an_input_materialized_again_with_the_same_content_changes_nothing():
    again = dg.AssetMaterialization(A, tags=FRESH[A].tags, metadata={"rows": 3})
    assert stale(CHAIN, FRESH | {A: again}) == {}


def test_an_input_that_was_not_there_when_the_asset_was_made_counts_as_changed():
    assert stale([spec(A), spec(B, A)], made(A) | made(B)) == {B: "layer/a changed"}


@pytest.mark.parametrize(
    ("recorded", "today", "changed"),
    [("to May", "to May", False), ("to May", "to June", True), (None, "to May", True), ("to May", None, False)],
)
def test_another_cut_of_the_clock_makes_an_asset_stale_and_the_same_cut_does_not(recorded, today, changed):
    cuts = {A: today} if today else {}
    assert stale([spec(A)], made(A, cut=recorded), cuts) == ({A: "as_of cuts elsewhere"} if changed else {})


def test_a_cut_concerns_only_the_asset_it_is_given_for():
    assert stale(CHAIN, FRESH, {dg.AssetKey(["layer", "z"]): "to June"}) == {}


def test_staleness_reaches_the_asset_where_two_ways_meet_once():
    specs = [spec(A), spec(B, A), spec(C, A), spec(D, B, C)]
    latest = made(A, version="v2") | made(B, a="v1") | made(C, a="v2") | made(D, b="v1", c="v1")
    assert stale(specs, latest) == {B: "layer/a changed", D: "layer/b is stale"}


def test_partitioned_assets_are_left_to_their_partitions_and_pass_no_staleness_on():
    specs = [spec(A, partitions_def=PARTITIONS), spec(B, A)]
    assert stale(specs, {}) == {B: "never materialized"}
    assert stale(specs, made(B)) == {}


def test_a_dependency_that_is_no_asset_of_ours_is_not_materialized():
    assert stale([spec(B, A)], made(B, a="v1")) == {}
    assert stale([spec(B, A)], {}) == {B: "never materialized"}


def test_an_unsettled_asset_runs_whatever_its_versions_say_and_takes_downstream_along():
    assert stale(CHAIN, FRESH, unsettled={B: "a check never ran"}) == {B: "a check never ran", C: "layer/b is stale"}


def test_an_unsettled_asset_that_is_stale_anyway_says_why_it_is_stale():
    found = stale([spec(A, code="code2")], made(A), unsettled={A: "a check never ran"})
    assert found == {A: "its code changed"}


def test_an_unsettled_partitioned_asset_is_left_to_its_partitions():
    assert stale([spec(A, partitions_def=PARTITIONS)], made(A), unsettled={A: "a check never ran"}) == {}


def test_reading_what_dagster_itself_records_after_a_run():
    """Holds the tags spelled here and the ones Dagster writes together."""

    @dg.asset(key=A, code_version="code1")
    def a() -> dg.MaterializeResult:
        return dg.MaterializeResult(data_version=dg.DataVersion("v1"), metadata={CUT: "to May"})

    @dg.asset(key=B, code_version="code1", deps=[a])
    def b() -> None:
        return None

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([a, b], instance=instance)
        latest = {key: result.asset_materializations_for_node(key.to_python_identifier())[0] for key in (A, B)}
    specs = [*a.specs, *b.specs]
    assert stale(specs, latest, {A: "to May"}) == {}
    assert stale(specs, latest, {A: "to June"}) == {A: "as_of cuts elsewhere", B: "layer/a is stale"}
    assert stale(specs, latest | made(A, version="v2")) == {B: "layer/a changed"}
