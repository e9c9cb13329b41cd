"""Production keeps its archive on S3; its raw tables are rebuilt from that alone, in an empty home, asking nobody."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.base import sha256_hex
from footpred_dagster.core.archive.s3 import S3Archive
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import parse_storage_url
from footpred_dagster.sources.clients.base import results_path
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import load_results, results_target
from tests.support.command import Home, checksums, fresh_home
from tests.support.s3 import SECRET_KEY
from tests.support.site import build_site, clubs, season_rows, write_fixtures, write_season

ARGUMENTS = ("--leagues", "E0", "--as-of", "2024-08-01")
NOTHING_TO_LEARN = ("--leagues", "E0", "--seasons", "2122-2324", "--as-of", "2000-01-01")
SHAPELESS, RUINED, CORRECTED = Season(2021), Season(2022), Season(2023)
FIXTURE = {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "E0 Club C", "AwayTeam": "E0 Club D"}
BUILT = ("raw.", "staging.", "intermediate.", "ratings.", "features.")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    return f"s3://{s3.new_bucket()}/prod"


@pytest.fixture(scope="module")
def production(tmp_path_factory, module_database_url, s3, bucket) -> dict[str, str]:
    """Checksums of raw tables filled by two deliveries: a score is corrected, a good file ruined, another never good.

    These tests need no more of a run than the raw tables.
    """
    root = tmp_path_factory.mktemp("site")
    build_site(root, ["E0"], SHAPELESS.start, CORRECTED.start)
    lose_a_column(root, SHAPELESS)
    archive = S3Archive(parse_storage_url(bucket), s3.client)
    seasons = (SHAPELESS, RUINED, CORRECTED)
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        for change in (lambda: None, lambda: correct(root), lambda: lose_a_column(root, RUINED)):
            change()
            fetch(connection, archive, DirectorySource(root), [results_target("E0", season) for season in seasons])
            for season in seasons:
                load_results(connection, archive, "E0", season)
        return {table: digest for table, digest in checksums(connection).items() if table.startswith("raw.")}


def raw_tables(home: Home) -> dict[str, str]:
    return {table: digest for table, digest in home.checksums().items() if table.startswith("raw.")}


def lose_a_column(root: Path, season: Season) -> None:
    path = root / results_path("E0", season)
    path.write_bytes(path.read_bytes().replace(b"FTHG", b"Goals"))


def correct(root: Path) -> None:
    rows = season_rows("E0", CORRECTED, clubs("E0"))
    rows[-1] |= {"FTHG": 9, "FTAG": 0, "FTR": "H", "HST": 11, "HS": 14}
    write_season(root, "E0", CORRECTED, rows)


@pytest.fixture(scope="module")
def empty(tmp_path_factory, production, s3, bucket):
    """An empty home that has nothing but the way to the archive."""
    with fresh_home(tmp_path_factory.mktemp("empty")) as home:
        yield Home(home.path, s3.environment | {"FOOTPRED_STORAGE_URL": bucket})


@pytest.fixture(scope="module")
def filled(empty):
    """The same home once a run has filled it from the archive."""
    assert not (empty.path / "archive").exists()
    done = empty.json("run", "--source", "archive", *NOTHING_TO_LEARN, code=3)
    assert (done["errors"], "raw/matches:files_are_accepted" in done["failed_checks"]) == ([], True)
    assert not (empty.path / "archive").exists()
    return empty


def test_an_empty_home_is_filled_from_the_archive_on_s3_alone(filled, production, bucket):
    assert raw_tables(filled) == production
    rows = {table: int(checksum.split()[0]) for table, checksum in production.items()}
    assert (rows["raw.matches"], rows["raw.loads"], rows["raw.refusals"]) == (112, 2, 2)
    assert filled.json("doctor")["archive"] == bucket


def test_replay_goes_back_to_the_file_before_the_correction_and_names_the_newest(filled, production):
    with psycopg.connect(filled.database_url) as connection:
        bodies = connection.execute(
            "select sha256 from raw.fetches where path = %s and status = 200 order by fetched_at",
            [results_path("E0", CORRECTED)],
        ).fetchall()
    first, newest = (digest for (digest,) in bodies)
    done = filled.json("reload", "--sha256", first)
    assert (done["state"], done["rows"], done["newest_sha256"]) == ("loaded", 56, newest)
    assert [part["partition"] for part in done["partitions"]] == ["E0|2023-24"]
    assert {table for table, checksum in raw_tables(filled).items() if production[table] != checksum} == {
        *("raw.matches", "raw.loads")
    }
    assert f"its newest body is {newest[:12]}: the next footpred run goes back" in filled.run(
        "reload", "--sha256", first
    )
    said = filled.run("replay", "--sha256", newest, "--league", "E0", "--season", "2324")  # its former name
    assert "is loaded" in said
    assert raw_tables(filled) == production
    assert "64 hex digits" in filled.run("reload", "--sha256", "abc", code=2)
    assert "unknown league E9" in filled.run("reload", "--sha256", first, "--league", "E9", "--season", "2324", code=2)
    assert "is refused" in filled.run("reload", "--sha256", first, "--league", "D1", "--season", "2324", code=1)
    assert "is not in the archive s3://" in filled.run(
        *("reload", "--sha256", "0" * 64, "--league", "E0", "--season", "2324"), code=1
    )


def test_pull_brings_the_archive_home_refuses_what_is_corrupt_and_goes_on_where_it_was(filled, bucket, s3):
    bad = sha256_hex(b"one more")
    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    place = {"Bucket": name, "Key": f"{prefix}/{bad[:2]}/{bad[2:]}"}
    s3.client().put_object(**place, Body=b"not that")
    first = filled.json("pull", code=1)
    assert (first["from"], first["to"]) == (bucket, str(filled.path / "archive"))
    assert [refused["name"] for refused in first["refused"]] == [bad]
    assert f"{bad} in {bucket} is damaged" in first["refused"][0]["reason"]
    # Three files, two of them in two versions, and the corrupt one; three fetches.
    assert (first["objects"], first["segments"], first["copied"]) == (6, 3, 8)
    s3.client().put_object(**place, Body=b"one more")
    assert filled.json("pull", "--from", bucket)["copied"] == 1
    assert "0 of 9 copied" in filled.run("pull")


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "planted-wrong"}, "refuses the secret key: check AWS_ACCESS_KEY_ID"),
        ({"FOOTPRED_STORAGE_URL": "s3://no-such-bucket/prod"}, "there is no such bucket: create it or correct"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "cannot be reached: check AWS_ENDPOINT_URL_S3"),
        ({"FOOTPRED_STORAGE_URL": "s3://k:planted-wrong@b/p"}, "FOOTPRED_STORAGE_URL must be a plain address"),
    ],
)
def test_an_archive_that_cannot_be_used_is_explained_in_a_line_without_secrets(
    tmp_path, s3, bucket, environment, complaint
):
    home = Home(tmp_path, s3.environment | {"FOOTPRED_STORAGE_URL": bucket} | environment)
    said = home.run("pull", code=1)
    assert complaint in said
    assert said.count("\n") == 1
    assert not any(secret in said for secret in ("planted-wrong", SECRET_KEY))


def test_doctor_says_that_the_archive_cannot_be_used(empty):
    broken = Home(empty.path, empty.environment | {"AWS_SECRET_ACCESS_KEY": "planted-wrong"})
    said = broken.run("doctor", "--json", code=1)
    assert any("the server refuses the secret key" in problem for problem in json.loads(said)["problems"])
    assert "planted-wrong" not in said


@pytest.mark.slow
def test_everything_up_to_the_features_comes_out_the_same_from_the_archive(tmp_path_factory, s3):
    root, environment = tmp_path_factory.mktemp("site"), {"FOOTPRED_STORAGE_URL": f"s3://{s3.new_bucket()}"}
    build_site(root, ["E0"], 2019, CORRECTED.start)
    write_fixtures(root, [FIXTURE])
    with fresh_home(tmp_path_factory.mktemp("first")) as first, fresh_home(tmp_path_factory.mktemp("second")) as second:
        ours, theirs = (Home(home.path, s3.environment | environment) for home in (first, second))
        ours.run("run", "--source", str(root), *ARGUMENTS)
        correct(root)
        ours.run("run", "--source", str(root), *ARGUMENTS)
        theirs.run("run", "--source", "archive", *ARGUMENTS)
        tables, rebuilt = ours.checksums(), theirs.checksums()
        assert {table for table in tables if table.startswith(BUILT) and tables[table] != rebuilt[table]} == set()
        assert theirs.json("run", "--source", "archive", *ARGUMENTS)["materialized"] == 0
        broken = Home(ours.path, ours.environment | {"AWS_SECRET_ACCESS_KEY": "planted-wrong"})
        build_site(root, ["E0"], 2019, CORRECTED.start)
        said = broken.run("run", "--source", str(root), *ARGUMENTS, code=1)
        assert "the server refuses the secret key" in said
        assert not any(word in said for word in ("Traceback", "planted-wrong"))
        assert ours.checksums() == tables
