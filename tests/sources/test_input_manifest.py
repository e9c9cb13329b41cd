"""The manifest of a warehouse, and a warehouse filled from a manifest: the same rows, whatever came in between."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from footpred_dagster.core.archive.base import ObjectLost, sha256_hex
from footpred_dagster.core.clubs.aliases import Alias, decide, seed_lines
from footpred_dagster.core.domain import Season
from footpred_dagster.core.lineage.input_manifest import Inputs, Partition
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.matches.rulings import BY_USER, Ruling
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from footpred_dagster.sources.football_data.results import PARSER_VERSION
from footpred_dagster.sources.input_manifest import FEATURES, InputsRefused, keep_inputs, load_inputs
from tests.support.command import checksums
from tests.support.site import HTML_PAGE, build_site, clubs, season_rows, write_extra, write_fixtures, write_season

SEASONS = [("E0", Season(2022)), ("E0", Season(2023)), ("NOR", Season(2022, autumn=False))]
FIXTURE = {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "E0 Club C", "AwayTeam": "E0 Club D"}
ROWS = ("raw.matches", "raw.fixtures", "raw.quarantine")


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    build_site(root, ["E0"], 2022, 2023)
    write_extra(root, "NOR", "Norway", {"2022": season_rows("NOR", Season(2022), clubs("NOR"))})
    write_fixtures(root, [FIXTURE])
    return root


def load_all(connection: psycopg.Connection, archive, site) -> None:
    targets = [results_target(*pair) for pair in SEASONS] + [FIXTURES]
    fetch(connection, archive, DirectorySource(site), targets)
    for pair in SEASONS:
        load_results(connection, archive, *pair)
    load_fixtures(connection, archive)


def features_built(connection: psycopg.Connection) -> None:
    """As the dbt model leaves its mark."""
    connection.execute(
        """
        insert into intermediate.build_marks (model, change_id) select %s, coalesce(max(change_id), 0) from raw.changes
        on conflict (model) do update set change_id = excluded.change_id
        """,
        [FEATURES],
    )


def test_a_manifest_names_the_body_of_every_partition_and_the_seeds(warehouse, archive, site):
    load_all(warehouse, archive, site)
    features_built(warehouse)
    kept = Inputs.read(archive, keep_inputs(warehouse, archive))
    assert {(partition.partition, partition.path) for partition in kept.partitions} == {
        ("E0|2022-23", "mmz4281/2223/E0.csv"),
        ("E0|2023-24", "mmz4281/2324/E0.csv"),
        ("NOR|2022", "new/NOR.csv"),
        ("fixtures", "fixtures.csv"),
    }
    for partition in kept.partitions:
        assert partition.sha256 == sha256_hex((site / partition.path).read_bytes())
        assert partition.parser == PARSER_VERSION
    assert [seed.path for seed in kept.seeds] == [
        "dbt_project/seeds/clubs.csv",
        "dbt_project/seeds/leagues.csv",
        "dbt_project/seeds/match_rulings.csv",
        "dbt_project/seeds/points_adjustments.csv",
        "dbt_project/seeds/team_aliases.csv",
    ]
    assert all(archive.has(seed.sha256) for seed in kept.seeds)


def test_decisions_about_names_are_inputs_and_in_force_again_in_the_new_database(
    warehouse, archive, site, empty_migrated
):
    load_all(warehouse, archive, site)
    features_built(warehouse)
    before = keep_inputs(warehouse, archive)
    for alias in (Alias("England", "Foo", "a", None, "2020-21"), Alias("England", "Foo", "b", "2021-22")):
        decide(warehouse, alias, actor="test")
    kept = Inputs.read(archive, keep_inputs(warehouse, archive))
    assert kept.seeds[-1].path == "raw/club_decisions.csv"
    assert before != keep_inputs(warehouse, archive)
    day = date(2024, 9, 1)
    for status, goals in (("void", (None, None)), ("awarded", (0, 3))):
        ruling = Ruling("E0", "2024-25", day, "arsenal", "chelsea", status, *goals, "user", "a test", BY_USER)
        rulings.state(warehouse, ruling, actor="test")
    kept = Inputs.read(archive, keep_inputs(warehouse, archive))
    assert kept.seeds[-1].path == "raw/match_rulings.csv"
    load_inputs(empty_migrated, archive, Inputs((), kept.seeds), lambda _: None)
    assert seed_lines(empty_migrated) == seed_lines(warehouse)
    assert rulings.stated(empty_migrated) == rulings.stated(warehouse) == [ruling]


def test_nothing_is_claimed_while_the_features_are_older_than_the_results(warehouse, archive, site):
    """Forbids a manifest that names bytes the model never saw."""
    load_all(warehouse, archive, site)
    assert keep_inputs(warehouse, archive) is None
    features_built(warehouse)
    first = keep_inputs(warehouse, archive)
    rows = season_rows("E0", Season(2023), clubs("E0"))
    write_season(site, "E0", Season(2023), [rows[0] | {"FTHG": 9, "FTAG": 0, "FTR": "H"}, *rows[1:]])
    load_all(warehouse, archive, site)
    assert keep_inputs(warehouse, archive) is None
    features_built(warehouse)
    assert keep_inputs(warehouse, archive) not in (None, first)


def test_an_empty_database_is_filled_as_the_first_was_whatever_was_delivered_before(
    warehouse, archive, site, empty_migrated
):
    """Of a season that shrank below the guard and was accepted, the manifest's body alone decides."""
    load_all(warehouse, archive, site)
    write_season(site, "E0", Season(2023), season_rows("E0", Season(2023), clubs("E0"))[:20])
    digest = sha256_hex((site / "mmz4281/2324/E0.csv").read_bytes())
    warehouse.execute("insert into raw.accepted values (%s, 'E0|2023-24', 'stopped')", [digest])
    load_all(warehouse, archive, site)
    features_built(warehouse)
    kept = Inputs.read(archive, keep_inputs(warehouse, archive))
    kept_before, seen = (archive.digests(), archive.segments()), []
    load_inputs(empty_migrated, archive, kept, lambda partition: seen.append(partition.partition))
    ours, theirs = checksums(warehouse), checksums(empty_migrated)
    assert {table: theirs[table] for table in ROWS} == {table: ours[table] for table in ROWS}
    assert seen == [partition.partition for partition in kept.partitions]
    assert (archive.digests(), archive.segments()) == kept_before


def test_a_body_that_is_gone_or_refused_today_stops_the_load(warehouse, archive):
    target = Partition("E0|2023-24", "mmz4281/2324/E0.csv", archive.put(HTML_PAGE), "1")
    with pytest.raises(InputsRefused, match=r"E0\|2023-24 .* is refused today"):
        load_inputs(warehouse, archive, Inputs((target,), ()), lambda _: None)
    lost = Partition("fixtures", "fixtures.csv", "0" * 64, "1")
    with pytest.raises(ObjectLost):
        load_inputs(warehouse, archive, Inputs((lost,), ()), lambda _: None)


@pytest.fixture
def empty_migrated(module_database_url):
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        yield connection
