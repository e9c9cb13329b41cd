"""What a changed resolution tells the incremental tables: the clubs to build again, by their former ids too."""

from __future__ import annotations

from datetime import date

import pytest

from footpred_dagster.core.clubs.aliases import Alias, decide
from footpred_dagster.core.clubs.names import pending_names
from footpred_dagster.core.clubs.resolution import resolve
from footpred_dagster.core.matches.held_seasons import held_seasons, hold_back

ROWS = """
    insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals) values
        ('E0|2023-24', 'E0', '2023-24', 2, '2023-08-12', 'Arsenal', 'Sheffield Weds', 1, 0),
        ('E0|2024-25', 'E0', '2024-25', 2, '2024-08-17', 'Arsenal', 'Sheffield Wednesday', 1, 0),
        ('E0|2024-25', 'E0', '2024-25', 3, '2024-08-24', 'Sheffield Wednesday', 'Everton', 1, 0),
        ('E0|2024-25', 'E0', '2024-25', 4, '2024-08-31', 'Arsenal', 'Everton', 1, 0)
"""


@pytest.fixture
def resolved(connection):
    connection.execute(ROWS)
    resolve(connection)
    return connection


def changes(connection) -> list[tuple]:
    """Rows of raw.changes since the last call."""
    rows = connection.execute("delete from raw.changes returning season, club, team_id, from_date").fetchall()
    return sorted(rows, key=str)


def test_names_seen_for_the_first_time_are_no_change_and_nor_is_the_same_again(resolved):
    assert changes(resolved) == []
    assert resolve(resolved).changed == 0
    assert changes(resolved) == []


@pytest.mark.fault(48, "a club gets its alias late")
def test_a_decision_names_both_clubs_of_each_match_and_the_id_before(resolved):
    first, second = date(2024, 8, 17), date(2024, 8, 24)
    both = [
        ("2024-25", "Arsenal", None, first),
        ("2024-25", "Everton", None, second),
        ("2024-25", "Sheffield Wednesday", None, first),
    ]
    assert [name.name for name in pending_names(resolved)] == ["Sheffield Wednesday"]
    decide(resolved, Alias("England", "Sheffield Wednesday", "sheffield-weds"), actor="test")
    assert resolve(resolved).changed == 1
    assert changes(resolved) == both
    decide(resolved, Alias("England", "Sheffield Wednesday", "another"), actor="test")
    resolve(resolved)
    before = ("2024-25", "Sheffield Wednesday", "sheffield-weds", first)
    assert changes(resolved) == sorted([*both, before], key=str)


@pytest.mark.fault(71, "one bad league-season: only its own matches wait")
def test_a_season_held_back_or_let_go_names_all_its_clubs_once(resolved):
    hold_back(resolved, "rows_reconcile", {"E0|2023-24": "its rows do not add up"})
    hold_back(resolved, "raw_meets_expectations", {"E0|2023-24": "9 rows are in quarantine"})
    resolve(resolved)
    day = date(2023, 8, 12)
    clubs = [("2023-24", "Arsenal", None, day), ("2023-24", "Sheffield Weds", None, day)]
    assert changes(resolved) == clubs
    hold_back(resolved, "rows_reconcile", {})
    resolve(resolved)
    assert changes(resolved) == []
    hold_back(resolved, "raw_meets_expectations", {})
    resolve(resolved)
    assert changes(resolved) == clubs


@pytest.mark.fault(71, "one bad league-season: only its own matches wait")
def test_a_file_with_the_matches_of_another_league_is_held_back_until_it_has_its_own(resolved):
    """One such match would have every league stop at the checks of what each club has played so far."""
    decide(resolved, Alias("England", "Sheffield Wednesday", "sheffield-weds"), actor="test")
    foreign = """
        insert into raw.matches
            (partition_key, league, season, line, match_date, home, away, home_goals, away_goals) values
            ('E1|2024-25', 'E1', '2024-25', 2, '2024-08-31', 'Arsenal', 'Everton FC', 1, 0)
    """
    resolved.execute(foreign)
    decide(resolved, Alias("England", "Everton FC", "everton"), actor="test")
    resolve(resolved)
    assert [(each.league, each.season, each.check) for each in held_seasons(resolved)] == [
        ("E1", "2024-25", "clubs_play_in_one_league")
    ]
    assert resolved.execute("select league, season from intermediate.held_seasons").fetchall() == [("E1", "2024-25")]
    assert pending_names(resolved) == [], "the other league's clubs are not in doubt"
    resolved.execute("update raw.matches set home = 'Leeds', away = 'Derby' where league = 'E1'")
    resolve(resolved)
    assert held_seasons(resolved) == []


def test_a_name_that_left_the_files_is_pending_no_longer_and_keeps_its_club(resolved):
    resolved.execute("delete from raw.matches where season = '2024-25'")
    resolve(resolved)
    assert pending_names(resolved) == []
    kept = resolved.execute("select name, team_id from intermediate.club_names where matches = 0 order by name")
    assert kept.fetchall() == [("Arsenal", "arsenal"), ("Everton", "everton"), ("Sheffield Wednesday", None)]


def merges(connection) -> list[tuple[str, str]]:
    return connection.execute("select former_id, team_id from predictions.club_merges order by 1").fetchall()


@pytest.mark.fault(48, "a club gets its alias late")
def test_an_id_that_no_name_means_any_more_is_remembered_until_one_does_again(resolved):
    """What was sealed under it is settled by the matches of the club that its names mean now."""
    decide(resolved, Alias("England", "Sheffield Wednesday", "foo-town"), actor="test")
    resolve(resolved)
    assert merges(resolved) == []
    decide(resolved, Alias("England", "Sheffield Wednesday", "sheffield-weds"), actor="test")
    resolve(resolved)
    assert merges(resolved) == [("foo-town", "sheffield-weds")]
    decide(resolved, Alias("England", "Sheffield Wednesday", "another"), actor="test")
    resolve(resolved)
    assert merges(resolved) == [("foo-town", "sheffield-weds")], "that club goes on under its other name"
    decide(resolved, Alias("England", "Sheffield Wednesday", "foo-town"), actor="test")
    resolve(resolved)
    assert merges(resolved) == [("another", "foo-town")]


@pytest.mark.fault(48, "a club gets its alias late, while another name is pending")
def test_an_id_is_remembered_though_another_name_or_its_own_was_pending_meanwhile(resolved):
    decide(resolved, Alias("England", "Arsenal", "foo-town"), actor="test")
    resolve(resolved)
    assert pending_names(resolved), "Sheffield Wednesday waits"
    decide(resolved, Alias("England", "Arsenal", "arsenal"), actor="test")
    resolve(resolved)
    assert merges(resolved) == [("foo-town", "arsenal")]
    decide(resolved, Alias("England", "Sheffield Wednesday", "bar-town"), actor="test")
    resolve(resolved)
    resolved.execute("update intermediate.club_names set team_id = null, status = 'pending' where team_id = 'bar-town'")
    decide(resolved, Alias("England", "Sheffield Wednesday", "sheffield-weds"), actor="test")
    resolve(resolved)
    assert merges(resolved) == [("bar-town", "sheffield-weds"), ("foo-town", "arsenal")]
