"""Which names are near, and which of them mean that a club was split: the pure part."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from footpred_dagster.core.clubs.spellings import Appearance, is_near, nearest, probable_splits

LISTED = {("Spain", "Ath Madrid", "ath-madrid"), ("Spain", "Ath Bilbao", "ath-bilbao")}


def seen(
    name: str, season: str, team_id: str = "new", day: date = date(2024, 8, 10), league: str = "SP1"
) -> Appearance:
    return Appearance("Spain", league, season, team_id, name, day)


OLD = seen("Ath Madrid", "2023-24", "ath-madrid")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Atl. Madrid", "Ath Madrid"),
        ("Vallecano", "Rayo Vallecano"),
        ("Sheffield Wed", "Sheffield Weds"),
        ("M'Gladbach", "Mgladbach"),
        ("Köln FC", "FC Koln"),
        ("Bradford City", "Bradford"),
    ],
)
def test_spellings_of_one_club_are_near(name, other):
    assert is_near(name, other)
    assert is_near(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [("Genk", "Gent"), ("Man City", "Man United"), ("Cesena", "C. Sangro"), ("AFC Bournemouth", "AFC Telford")],
)
def test_different_clubs_are_not(name, other):
    assert not is_near(name, other)


def test_nearest_names_come_best_first():
    assert nearest("Atl. Madrid", ["Ath Bilbao", "Ath Madrid", "Getafe"])[0] == "Ath Madrid"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Villarreal B", "Villarreal"),
        ("Jong Ajax", "Ajax"),
        ("Juventus U23", "Juventus"),
        ("Real Madrid II", "Real Madrid"),
    ],
)
def test_a_reserve_side_is_not_near_its_first_team_but_near_itself(name, other):
    assert not is_near(name, other)
    assert is_near(name, name.replace(" ", "  "))


def test_two_reserve_sides_are_compared_without_what_marks_them():
    assert is_near("Ath Madrid B", "Atl. Madrid B")
    assert not is_near("Cesena B", "Genoa B")


def test_a_name_near_an_absent_club_is_a_probable_split():
    (split,) = probable_splits([OLD, seen("Atl. Madrid", "2024-25")], LISTED)
    assert (split.name, split.known, split.team_id) == ("Atl. Madrid", "Ath Madrid", "ath-madrid")


def test_a_club_that_plays_on_its_first_day_is_another_one():
    here = seen("Ath Madrid", "2024-25", "ath-madrid")
    assert probable_splits([OLD, here, seen("Atl. Madrid", "2024-25")], LISTED) == []


@pytest.mark.parametrize("together", [True, False])
def test_two_names_in_one_league_are_two_clubs_once_they_have_played_on_one_day(together):
    here, new = seen("Ath Madrid", "2024-25", "ath-madrid"), seen("Atl. Madrid", "2024-25", day=date(2024, 9, 8))
    found = probable_splits([here, new], LISTED, lambda one, other: together)
    assert [split.why[:18] for split in found] == ([] if together else ["in the same league"])


def test_a_club_that_plays_in_another_league_of_that_season_is_another_one():
    here = seen("Ath Madrid", "2024-25", "ath-madrid", day=date(2024, 8, 20), league="SP2")
    assert probable_splits([OLD, here, seen("Atl. Madrid", "2024-25")], LISTED) == []


def test_once_two_clubs_they_stay_two_when_the_older_one_leaves():
    """Forbids a doubt about a club of many seasons because the one of a like name is relegated out of sight."""
    both = [OLD, seen("Ath Madrid", "2024-25", "ath-madrid"), seen("Atl. Madrid", "2024-25")]
    assert probable_splits([*both, seen("Atl. Madrid", "2025-26")], LISTED) == []


def test_an_unlisted_club_on_record_is_a_ground_as_well():
    old = seen("Grantchester Rovers", "2023-24", "spain-grantchester-rovers")
    (split,) = probable_splits([old, seen("Grantchester Rvs", "2024-25")], LISTED)
    assert split.team_id == "spain-grantchester-rovers"


def test_two_names_that_are_both_new_and_on_no_list_do_not_doubt_each_other():
    both = [seen("Foo Rovers", "2024-25", "a"), seen("Foo Rvs", "2024-25", "b", day=date(2024, 8, 11))]
    assert probable_splits(both, LISTED) == []


def test_a_club_never_on_record_and_one_of_another_country_are_no_ground():
    new = seen("Atl. Madrid", "2024-25")
    assert probable_splits([new], LISTED) == []
    abroad = {("Italy", "Ath Madrid", "ath-madrid")}
    assert probable_splits([replace(OLD, country="Italy"), new], abroad) == []


def test_listed_names_are_never_questioned():
    assert probable_splits([OLD, seen("Atl. Madrid", "2024-25")], LISTED | {("Spain", "Atl. Madrid", "new")}) == []
