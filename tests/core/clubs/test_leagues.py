"""Files that hold the matches of another league (FAULTS 71)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from footpred_dagster.core.clubs.leagues import in_two_leagues
from footpred_dagster.core.clubs.spellings import Appearance

TOP, OTHERS = ("arsenal", "everton", "leeds"), ("york", "halifax", "woking")


def _season(league: str, season: str, *clubs: str) -> list[Appearance]:
    return [Appearance("England", league, season, club, club, date(2000, 8, 1)) for club in clubs]


def _held(*seasons: list[Appearance], both_play: bool = True) -> dict[str, str]:
    return in_two_leagues([each for season in seasons for each in season], lambda one, other: both_play)


@pytest.mark.parametrize(
    ("around", "held"),
    [
        ([], "EC|2023-24"),  # nothing else is known: the lower league
        ([("E0", "2022-23", *TOP)], "EC|2023-24"),
        ([("EC", "2024-25", *OTHERS)], "EC|2023-24"),
        ([("EC", "2022-23", *TOP)], "E0|2023-24"),
        ([("EC", "2022-23", *TOP[:2]), ("E0", "2024-25", *TOP)], "EC|2023-24"),
    ],
)
def test_the_league_whose_clubs_are_strange_to_it_is_held(around, held):
    copied = [_season("E0", "2023-24", *TOP), _season("EC", "2023-24", *TOP)]
    assert list(_held(*copied, *(_season(*season) for season in around))) == [held]


def test_the_reason_names_clubs_and_the_league_they_play_in():
    found = _held(_season("E0", "2023-24", *TOP, "fulham"), _season("E1", "2023-24", *TOP, "fulham"))
    assert found == {
        "E1|2023-24": "arsenal, everton, fulham and others also play in E0 on the same days: the file holds matches of "
        "another league"
    }


def test_another_spelling_is_in_doubt_itself_unless_half_the_season_is_of_another_league():
    own, others = _season("E0", "2023-24", *TOP), _season("E1", "2023-24", *OTHERS)
    respelled = [replace(each, league="E1", name=f"{each.name} fc") for each in own]
    assert _held(own, others, respelled[:1]) == {}
    assert list(_held(own, others, respelled)) == ["E1|2023-24"]


def test_a_club_that_plays_for_two_leagues_on_different_days_or_seasons_is_none():
    assert _held(_season("E0", "2023-24", *TOP), _season("E1", "2023-24", *TOP), both_play=False) == {}
    assert _held(_season("E0", "2023-24", *TOP), _season("E1", "2024-25", *TOP)) == {}
