"""Blocking checks in a real run: what they hold back, what they show, and the ways out."""

from __future__ import annotations

import psycopg
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.storage import sha256_hex
from tests.support.command import fresh_home
from tests.support.site import season_rows, write_fixtures, write_season

ARGUMENTS = ("--leagues", "E0", "--as-of", "2024-08-01")
CLUBS = ("Arsenal", "Burnley", "Chelsea", "Everton", "Fulham", "Leeds", "Liverpool", "Wolves")
SUITES = ("raw", "finished", "future", "features")
FIXTURE = {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "Arsenal", "AwayTeam": "Chelsea"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    for start in (2021, 2022, 2023):
        write_season(root, "E0", Season(start), season_rows("E0", Season(start), CLUBS))
    write_fixtures(root, [FIXTURE])
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with fresh_home(tmp_path_factory.mktemp("checks")) as home:
        yield home


@pytest.mark.slow
def test_checks_stop_what_is_behind_them_until_somebody_has_looked(home, site):
    run = ("run", "--source", str(site), *ARGUMENTS)
    first = home.json(*run)
    assert (first["failed_checks"], first["errors"]) == ([], [])
    assert all((home.path / "data_docs" / suite / "index.html").exists() for suite in SUITES)

    # A row spoiled behind the parser's back, and a file that lost ten rows: nothing behind raw moves (FAULTS 18, 29).
    whole = home.checksums()
    with psycopg.connect(home.database_url, autocommit=True) as connection:
        connection.execute("update raw.matches set home_fouls = 145 where partition_key = 'E0|2021-22' and line = 5")
        short = write_season(site, "E0", Season(2023), season_rows("E0", Season(2023), CLUBS)[:-10])
        stopped = home.json(*run, code=1)
        assert set(stopped["failed_checks"]) == {
            *("raw/matches:files_have_the_known_shape", "raw/matches:raw_meets_expectations")
        }
        moved = {table for table, checksum in home.checksums().items() if checksum != whole[table]}
        assert moved == {"raw.matches", "raw.refusals", "staging.stg_matches"}  # the last is a view
        assert "home_fouls 145" in (home.path / "data_docs" / "raw" / "index.html").read_text()

        # Repaired and accepted; now a fixture spells a club anew: matches are rebuilt, ratings wait (FAULTS 19).
        connection.execute("update raw.matches set home_fouls = null where partition_key = 'E0|2021-22' and line = 5")
    refused = sha256_hex(short.read_bytes())
    assert "is not refused for fewer rows" in home.run("accept", "--sha256", "0", "--because", "x", code=2)
    accepted = home.json("accept", "--sha256", refused, "--because", "the league was stopped")
    assert accepted["partition"] == "E0|2023-24"
    write_fixtures(site, [FIXTURE | {"AwayTeam": "Chelsea London"}])
    split = home.json(*run, code=1)
    assert split["failed_checks"] == [
        *("intermediate/int_matches:no_club_is_split_or_merged", "intermediate/int_matches:team_names_are_known")
    ]
    assert split["matches"] == first["matches"] - 10
    now = home.checksums()
    held = ("ratings.team_elo", "features.fct_match_features", "models.walk_forward", "predictions.ledger")
    assert [table for table in held if now[table] != whole[table]] == []

    write_fixtures(site, [FIXTURE])
    mended = home.json(*run)
    assert (mended["failed_checks"], mended["errors"]) == ([], [])
    assert home.checksums()["ratings.team_elo"] != whole["ratings.team_elo"]
