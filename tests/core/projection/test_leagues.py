"""A league of the warehouse projected: from its results, its fixtures and what the champion makes of the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from types import SimpleNamespace

import psycopg
import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.domain.tables import Adjustment
from footpred_dagster.core.features.online_store import OnlineStore, TeamState
from footpred_dagster.core.matches import league_tables
from footpred_dagster.core.projection import leagues
from footpred_dagster.core.projection.season import CannotBeProjected, LeagueSeason, league_season

AS_OF = datetime(2025, 10, 1, tzinfo=UTC)
TABLES = """
    create table intermediate.int_matches (
        league text, season text, status text, kickoff timestamptz, home_id text, away_id text, home_name text,
        away_name text, home_goals integer, away_goals integer
    );
    create table intermediate.int_fixtures (
        league text, season text, kickoff timestamptz, home_id text, away_id text, home_name text, away_name text,
        is_played boolean
    );
    create table intermediate.int_points_adjustments (
        league text, season text, team_id text, points integer, effective_on date
    )
"""


@pytest.fixture
def warehouse(connection: psycopg.Connection) -> psycopg.Connection:
    """SC0 of four clubs: last season whole, four results of this one, a fixture, and points taken from one of them."""
    connection.execute(TABLES)
    pairs = list(permutations("abcd", 2))
    for number, pair in enumerate(pairs):
        play(connection, "2024-25", pair, AS_OF - timedelta(days=300 - number))
    for number, pair in enumerate(pairs[:4]):
        play(connection, "2025-26", pair, AS_OF - timedelta(days=20 - number))
    connection.execute(
        "insert into intermediate.int_fixtures values ('SC0', '2025-26', %s, 'd', 'c', 'D', 'C', false)",
        [AS_OF + timedelta(days=3)],
    )
    connection.execute(
        "insert into intermediate.int_points_adjustments values ('SC0', '2025-26', 'b', -6, '2025-08-01'), "
        "('SC0', '2024-25', 'a', -9, '2024-08-01')"
    )
    return connection


def play(connection: psycopg.Connection, season: str, pair: tuple[str, str], kickoff: datetime) -> None:
    row = ["SC0", season, "played", kickoff, *pair, *(club.upper() for club in pair), 2, 1]
    connection.execute(f"insert into intermediate.int_matches values ({', '.join(['%s'] * len(row))})".encode(), row)


def found(connection: psycopg.Connection, as_of: datetime = AS_OF) -> LeagueSeason:
    season = league_season(connection, "SC0", as_of)
    assert isinstance(season, LeagueSeason)
    return season


def test_the_newest_season_stands_as_its_results_fixtures_and_adjustments_say(warehouse):
    season = found(warehouse)
    assert (season.season, season.clubs, season.names["a"]) == ("2025-26", ["a", "b", "c", "d"], "A")
    assert (len(season.matches), season.listed) == (4, [("d", "c")])
    assert season.adjustments == [Adjustment("b", -6, date(2025, 8, 1))]
    assert season.results_to == AS_OF - timedelta(days=17)


def test_results_after_the_clock_leave_a_league_out(warehouse):
    assert league_season(warehouse, "SC0", AS_OF - timedelta(days=18)) == "results after as_of are known"


def test_a_season_most_clubs_of_which_nobody_has_seen_is_left_out(warehouse):
    warehouse.execute("delete from intermediate.int_matches where season = '2025-26'")
    warehouse.execute("delete from intermediate.int_fixtures")
    play(warehouse, "2025-26", ("a", "b"), AS_OF - timedelta(days=1))
    for other in ("e", "f"):
        play(warehouse, "2024-25", (other, "a"), AS_OF - timedelta(days=200))
    assert league_season(warehouse, "SC0", AS_OF) == "only 2 clubs have played or are to play, 6 did last season"


def test_a_league_without_results_is_left_out(warehouse):
    assert league_season(warehouse, "E0", AS_OF) == "no result is loaded"


def test_of_a_league_that_splits_the_matches_after_the_split_do_not_count(warehouse):
    for meeting in range(4):
        play(warehouse, "2025-26", ("a", "b") if meeting % 2 else ("b", "a"), AS_OF - timedelta(days=10 - meeting))
    pairs = list(zip(found(warehouse).matches["home"], found(warehouse).matches["away"], strict=True))
    assert sum(set(pair) == {"a", "b"} for pair in pairs) == 3


def test_a_deduction_that_takes_effect_after_as_of_is_not_applied(warehouse):
    """Forbids a backtest that knows a ruling before it was made."""
    day = AS_OF + timedelta(days=5)
    warehouse.execute(
        "insert into intermediate.int_points_adjustments values ('SC0', '2025-26', 'a', -3, %s)", [day.date()]
    )
    points = {line.club: line.points for line in found(warehouse).table()}
    assert {one.club for one in found(warehouse).adjustments} == {"b"}
    later = {line.club: line.points for line in found(warehouse, day + timedelta(seconds=1)).table()}
    assert later["a"] == points["a"] - 3
    # At 00:00 of its day it is not in force yet: as_of is exclusive.
    assert {one.club for one in found(warehouse, day).adjustments} == {"b"}


def test_the_projected_table_is_the_one_in_the_standings(warehouse):
    warehouse.execute(
        "create view intermediate.int_changes as select 1 as change_id, 'SC0' as league, '' as season, 'x' as country, "
        "current_date as from_date; alter table intermediate.int_matches add match_date date; "
        "update intermediate.int_matches set match_date = kickoff::date"
    )
    league_tables.store_standings(warehouse, "code")
    stored = warehouse.execute(
        "select team_id, place, played, points, points_adjustment, is_final from ratings.standings "
        "where season = '2025-26' order by team_id"
    ).fetchall()
    lines = sorted(found(warehouse).table(), key=lambda line: line.club)
    assert stored == [(line.club, line.place, line.played, line.points, line.adjustment, False) for line in lines]
    assert warehouse.execute(
        "select bool_and(is_final) from ratings.standings where season = '2024-25'"
    ).fetchone() == (True,)


def list_fixture(connection: psycopg.Connection, home: str, away: str) -> None:
    connection.execute(
        "insert into intermediate.int_fixtures values ('SC0', '2025-26', %s, %s, %s, %s, %s, false)",
        [AS_OF + timedelta(days=3), home, away, home.upper(), away.upper()],
    )


def test_a_listed_match_of_clubs_of_another_league_is_named(warehouse):
    """England's matches under Scotland's code would make one round robin of two leagues."""
    play(warehouse, "2025-26", ("e", "f"), AS_OF - timedelta(days=4))
    play(warehouse, "2025-26", ("f", "e"), AS_OF - timedelta(days=2))
    warehouse.execute("update intermediate.int_matches set league = 'E0' where home_id in ('e', 'f')")
    list_fixture(warehouse, "e", "f")
    with pytest.raises(CannotBeProjected, match=r"clubs of other leagues: E \(E0\), F \(E0\)"):
        league_season(warehouse, "SC0", AS_OF)


def test_a_promoted_club_that_has_not_played_yet_is_no_stranger(warehouse):
    play(warehouse, "2024-25", ("e", "a"), AS_OF - timedelta(days=200))
    warehouse.execute("update intermediate.int_matches set league = 'SC1' where home_id = 'e'")
    list_fixture(warehouse, "e", "b")
    assert found(warehouse).clubs == ["a", "b", "c", "d", "e"]


def test_a_fault_of_one_league_leaves_the_others_projected(warehouse, monkeypatch):
    """Whatever it is: a league without state of its clubs, or a bug on its data alone."""
    monkeypatch.setattr(leagues, "champion", lambda _: SimpleNamespace(name="dixon_coles", as_of=AS_OF))
    for name in ("load", "goals_beside"):
        monkeypatch.setattr(leagues, name, lambda *_: SimpleNamespace(native={}))
    monkeypatch.setattr(leagues, "load_store", lambda _: OnlineStore({}, {}, {}, {}))
    monkeypatch.setitem(leagues.ALL_RECIPES, "dixon_coles", SimpleNamespace(from_files=lambda _: None))
    outcome = leagues.project_leagues(warehouse, None, AS_OF)
    assert outcome.faults == {"SC0": "nothing is known of A, B, C, D: their fixtures may be of another league"}
    assert outcome.waiting["E0"] == "no result is loaded"
    broken = leagues.league_season

    def breaks(connection, league, as_of):
        connection.execute("select 1 / 0") if league == "SC0" else None
        return broken(connection, league, as_of)

    monkeypatch.setattr(leagues, "league_season", breaks)
    outcome = leagues.project_leagues(warehouse, None, AS_OF)
    assert outcome.faults["SC0"].startswith("DivisionByZero")
    assert len(outcome.waiting) == len(MAIN_LEAGUES) - 1


def test_two_clubs_without_a_match_are_named(warehouse):
    list_fixture(warehouse, "x", "y")
    season = found(warehouse)
    nothing = TeamState(None, None, None, None, None)
    known = TeamState(None, date(2025, 9, 20), None, None, None)
    store = OnlineStore({(club, "SC0"): nothing if club in "xy" else known for club in season.clubs}, {}, {}, {})
    with pytest.raises(CannotBeProjected, match="neither X nor Y has ever played"):
        leagues._features(store, season, [("x", "y")])
