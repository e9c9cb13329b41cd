"""Standings in the warehouse: written by what changed, and brought up to date by a ruling that a user states."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import main
from footpred_dagster.core.domain import Season
from footpred_dagster.core.matches import league_tables

TABLES = """
    create table intermediate.int_matches (
        league text, season text, status text, match_date date, home_id text, away_id text, home_goals integer,
        away_goals integer
    );
    create table intermediate.int_changes (change_id bigint, league text, season text, country text, from_date date);
    create table staging.team_aliases (country text, name text, team_id text);
    create table staging.points_adjustments (
        league text, season text, team_id text, points integer, effective_on date, reason text, source text
    );
    create view intermediate.int_points_adjustments as
        select * from staging.points_adjustments as listed where not exists (
            select from raw.stated_adjustments as stated
            where (stated.league, stated.season, stated.team_id) = (listed.league, listed.season, listed.team_id))
        union all
        select league, season, team_id, points, effective_on, reason, 'stated' from raw.stated_adjustments;
    create view marts.fct_league_tables as
        select *, place as position, team_id as team_name from ratings.standings;
    create view marts.fct_points_adjustments as
        select *, team_id as team_name from intermediate.int_points_adjustments;
    insert into staging.team_aliases values
        ('England', 'Everton', 'everton'), ('England', 'Luton', 'luton'), ('England', 'Leeds United', 'leeds');
    insert into staging.points_adjustments values
        ('E0', '2023-24', 'everton', -10, '2023-11-17', 'x', 'y'),
        ('E0', '2023-24', 'everton', 4, '2024-02-26', 'x', 'y');
    insert into intermediate.int_matches values
        ('E0', '2022-23', 'played', '2023-05-01', 'everton', 'luton', 1, 0),
        ('E0', '2023-24', 'played', '2024-05-01', 'everton', 'luton', 1, 0),
        ('E0', '2023-24', 'awarded', '2024-05-08', 'luton', 'everton', 0, 3),
        ('E0', '2023-24', 'void', '2024-05-09', 'luton', 'everton', null, null),
        ('E1', '2023-24', 'played', '2024-05-01', 'leeds', 'derby', 2, 0);
"""
NAMES = """
    insert into intermediate.club_names (country, season, name, team_id, status, leagues, first_day, matches, fixtures)
    values
        ('England', '2022-23', 'Everton', 'everton', 'listed', '["E0"]', '2022-08-01', 1, 0),
        ('England', '2023-24', 'Everton', 'everton', 'listed', '["E0"]', '2023-08-01', 2, 0),
        ('England', '2023-24', 'Luton', 'luton', 'listed', '["E0"]', '2023-08-01', 2, 0),
        ('England', '2023-24', 'Leeds', 'leeds', 'listed', '["E1"]', '2023-08-01', 1, 0);
"""
EVERTON = "league = 'E0' and season = '2023-24' and team_id = 'everton'"


@pytest.fixture
def warehouse(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute(TABLES)
    connection.execute(NAMES)
    connection.commit()
    return connection


def line(connection: psycopg.Connection) -> tuple[object, ...] | None:
    return connection.execute(
        f"select played, won, points_won, points_adjustment, points, place from ratings.standings where {EVERTON}"
    ).fetchone()


def test_awarded_matches_count_void_ones_do_not_and_rulings_add_up(warehouse):
    assert league_tables.store_standings(warehouse, "code") == 6
    assert line(warehouse) == (2, 2, 6, -6, 0, 1)
    final = warehouse.execute(
        "select season, bool_and(is_final) from ratings.standings group by 1 order by 1"
    ).fetchall()
    assert final == [("2022-23", True), ("2023-24", False)]


def test_only_seasons_with_changed_results_or_rulings_are_written_again(warehouse):
    league_tables.store_standings(warehouse, "code")
    assert league_tables.store_standings(warehouse, "code") == 2  # the season with rulings
    warehouse.execute("delete from staging.points_adjustments")
    assert league_tables.store_standings(warehouse, "code") == 2
    assert line(warehouse) == (2, 2, 6, 0, 6, 1)
    assert league_tables.store_standings(warehouse, "code") == 0
    warehouse.execute("insert into intermediate.int_changes values (1, 'E1', '2023-24', 'England', '2024-05-01')")
    warehouse.execute("insert into intermediate.build_marks (model, change_id, building) values ('int_matches', 1, 1)")
    assert league_tables.store_standings(warehouse, "code") in (2, 6)  # the mark of int_matches is new: all once more
    assert league_tables.store_standings(warehouse, "other code") == 6


def test_a_season_that_lost_its_results_loses_its_table(warehouse):
    league_tables.store_standings(warehouse, "code")
    warehouse.execute("delete from intermediate.int_matches where league = 'E1'")
    league_tables.store_season(warehouse, "E1", "2023-24")
    assert warehouse.execute("select count(*) from ratings.standings where league = 'E1'").fetchone() == (0,)


def test_a_ruling_counts_from_its_day_on(warehouse):
    key = ("E0", "2023-24")
    then = league_tables.adjustments(warehouse, datetime(2024, 2, 26, tzinfo=UTC), key)[key]
    assert [one.points for one in then] == [-10]
    assert [one.points for one in league_tables.adjustments(warehouse, None, key)[key]] == [-10, 4]


@pytest.fixture
def run(warehouse, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("FOOTPRED_DATABASE_URL", database_url)
    monkeypatch.setenv("FOOTPRED_HOME", str(tmp_path))
    league_tables.store_standings(warehouse, "code")
    warehouse.commit()
    return lambda *words: CliRunner().invoke(main, ["table", *words])


def test_a_stated_total_replaces_the_listed_rows_and_changes_the_table_at_once(run, warehouse):
    result = run("adjust", "E0", "2324", "Everton", "-8", "--on", "2024-04-08", "--because", "rules", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output) == {
        "league": "E0", "season": "2023-24", "team_id": "everton", "points": -8, "effective_on": "2024-04-08",
        "because": "rules", "lines": 2,
    }  # fmt: skip
    assert line(warehouse) == (2, 2, 6, -8, -2, 2)
    assert run("adjust", "E0", "2023-24", "everton", "-1", "--on", "2024-04-08", "--because", "appeal").exit_code == 0
    assert line(warehouse) == (2, 2, 6, -1, 5, 1)
    shown = json.loads(run("show", "E0", "2324", "--json").output)
    assert [(row["team_id"], row["points"]) for row in shown["table"]] == [("everton", 5), ("luton", 0)]
    assert [(row["points"], row["reason"]) for row in shown["adjustments"]] == [(-1, "appeal")]
    text = run("show", "E0").output
    assert "5*" in text
    assert "appeal" in text


def test_a_ruling_of_a_later_day_waits(run, warehouse):
    today = datetime.now(UTC).date()
    season, later = str(Season.containing(today)), str(today + timedelta(days=30))
    warehouse.execute(
        "insert into intermediate.int_matches values ('E0', %s, 'played', %s, 'luton', 'leeds', 1, 0)", [season, today]
    )
    warehouse.commit()
    assert run("adjust", "E0", season, "luton", "-3", "--on", later, "--because", "x").exit_code == 0
    adjusted = "select points_adjustment from ratings.standings where team_id = 'luton' and season = %s"
    assert warehouse.execute(adjusted, [season]).fetchone() == (0,)


def test_what_was_stated_is_withdrawn_and_the_listed_rows_count_again(run, warehouse):
    before = line(warehouse)
    run("adjust", "E0", "2324", "Everton", "-8", "--on", "2024-04-08", "--because", "rules")
    result = run("withdraw", "E0", "2324", "Everton")
    assert (result.exit_code, result.output) == (0, "nothing is stated of everton any more\n")
    assert line(warehouse) == before
    again = run("withdraw", "E0", "2324", "Everton")
    assert (again.exit_code, "nothing is stated of everton in E0 2023-24" in again.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("XX", "2324", "everton", "-1"), "is no league"),
        (("E0", "1992-93", "everton", "-1"), "has no season"),
        (("E0", "2324", "evertn", "-1"), "everton"),
        (("E0", "2324", "everton", "minus one"), "is no number of points"),
        (("E0", "2324", "everton", "-2147483649"), "is no number of points"),
        (("E0", "2324", "everton", "1_0"), "is no number of points"),
        (("E0", "2324", "everton", "٣"), "is no number of points"),
        (("E0", "2324", "leeds", "-3"), "leeds plays in E1 in 2023-24, not in E0"),
        (("E1", "2324", "derby", "-3"), "derby"),
        (("E2", "2324", "everton", "-3"), "everton plays in E0 in 2023-24, not in E2"),
    ],
)
def test_what_cannot_be_adjusted_is_said_and_changes_nothing(run, warehouse, words, message):
    result = run("adjust", *words, "--on", "2024-04-08", "--because", "x")
    assert result.exit_code == 2
    assert message in result.output
    assert warehouse.execute("select count(*) from raw.stated_adjustments").fetchone() == (0,)


def test_a_reason_and_a_day_are_needed(run):
    assert run("adjust", "E0", "2324", "everton", "-1", "--on", "2024-04-08", "--because", "  ").exit_code == 2
    assert run("adjust", "E0", "2324", "everton", "-1", "--on", "08/04/2024", "--because", "x").exit_code == 2
    assert run("adjust", "E0", "2324", "everton", "-1", "--on", "2024-W15-1", "--because", "x").exit_code == 2


@pytest.mark.parametrize("day", ["0001-01-01", "2023-05-20", "2024-10-01", "2030-01-01"])
def test_a_ruling_takes_effect_in_its_season_or_the_summers_around_it(run, warehouse, day):
    result = run("adjust", "E0", "2324", "everton", "-1", "--on", day, "--because", "x")
    assert result.exit_code == 2
    assert "nor of the summers around it" in result.output
    assert warehouse.execute("select count(*) from raw.stated_adjustments").fetchone() == (0,)


def test_a_league_that_is_not_loaded_is_said(run):
    result = run("show", "D1")
    assert result.exit_code == 1
    assert "no results of D1" in result.output
