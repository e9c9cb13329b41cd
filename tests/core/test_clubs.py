"""Which names are near, and which of them mean that a club was split: the pure part."""

from __future__ import annotations

from datetime import date

import pytest

from footpred_dagster.core.clubs import Appearance, is_near, nearest, probable_splits

KNOWN = {("Spain", "Ath Madrid"): "ath-madrid", ("Spain", "Ath Bilbao"): "ath-bilbao"}


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


def test_a_name_near_an_absent_club_is_a_probable_split():
    (split,) = probable_splits([OLD, seen("Atl. Madrid", "2024-25")], KNOWN)
    assert (split.name, split.known, split.team_id) == ("Atl. Madrid", "Ath Madrid", "ath-madrid")


def test_a_club_playing_beside_it_from_the_start_is_another_one():
    here = seen("Ath Madrid", "2024-25", "ath-madrid")
    assert probable_splits([OLD, here, seen("Atl. Madrid", "2024-25")], KNOWN) == []


@pytest.mark.parametrize(("day", "found"), [(date(2024, 9, 7), 0), (date(2024, 9, 8), 1)])
def test_nobody_joins_a_league_after_four_weeks(day, found):
    here = seen("Ath Madrid", "2024-25", "ath-madrid")
    assert len(probable_splits([here, seen("Atl. Madrid", "2024-25", day=day)], KNOWN)) == found


def test_a_club_never_on_record_and_one_of_another_country_are_no_ground():
    new = seen("Atl. Madrid", "2024-25")
    assert probable_splits([new], KNOWN) == []
    abroad = {("Italy", "Ath Madrid"): "ath-madrid"}
    assert probable_splits([OLD, new], abroad | {("Spain", "x"): "x"}) == []


def test_known_names_are_never_questioned():
    assert probable_splits([OLD, seen("Atl. Madrid", "2024-25")], KNOWN | {("Spain", "Atl. Madrid"): "other"}) == []
