"""What is left to play: the round robin less what was played, whoever listed what."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import permutations

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.domain.formats import CLUBS as CLUBS_OF
from footpred_dagster.core.domain.formats import in_force
from footpred_dagster.core.domain.rules import rules_of
from footpred_dagster.core.domain.tables import until_split
from footpred_dagster.core.projection.schedule import remaining

SEASON = Season(2025)
CLUBS = ["a", "b", "c", "d"]


def test_of_a_season_not_begun_everybody_hosts_everybody():
    assert sorted(remaining(CLUBS, [], [], 2)) == sorted(permutations(CLUBS, 2))


def test_what_was_played_is_not_played_again_and_a_finished_season_has_nothing_left():
    played = [("a", "b"), ("c", "d"), ("b", "a")]
    assert set(remaining(CLUBS, played, [], 2)) == set(permutations(CLUBS, 2)) - set(played)
    assert remaining(CLUBS, permutations(CLUBS, 2), [], 2) == []


def test_four_meetings_are_two_at_either_ground():
    left = Counter(remaining(CLUBS, [("a", "b"), ("a", "b"), ("b", "a")], [], 4))
    assert left["b", "a"] == 1
    assert left["a", "b"] == 0
    assert left["c", "d"] == left["d", "c"] == 2


def test_the_ground_of_a_third_meeting_is_the_listed_one_else_that_of_who_hosted_less():
    twice = list(permutations(CLUBS, 2))
    assert ("d", "a") in remaining(CLUBS, twice, [("d", "a")], 3)
    hosted = Counter(home for home, _ in remaining(CLUBS, [], [], 3))
    assert sum(hosted.values()) == 18
    assert max(hosted.values()) - min(hosted.values()) <= 1


def test_after_a_split_only_the_meetings_before_it_count():
    played = [("a", "b"), ("b", "a"), ("a", "c"), ("b", "a"), ("a", "b")]
    assert until_split(played, 3) == [0, 1, 2, 3]
    assert remaining(["a", "b"], played, [], 3) == []


@pytest.mark.parametrize(("league", "clubs", "matches"), [("E0", 20, 380), ("SC0", 12, 198), ("SC1", 10, 180)])
def test_seasons_have_as_many_matches_as_they_should(league, clubs, matches):
    assert (
        len(remaining([f"c{number}" for number in range(clubs)], [], [], rules_of(league, SEASON).meetings)) == matches
    )


@pytest.mark.parametrize("league", MAIN_LEAGUES)
def test_every_main_division_has_rules_with_zones_inside_its_table(league):
    for season in MAIN_LEAGUES[league].seasons(date(2027, 1, 1)):
        rules = rules_of(league, season)
        assert rules.source
        for zone in (*rules.zones, *rules.marks):
            clubs = in_force(CLUBS_OF[league], season.start)
            places = zone.places(clubs)
            assert set(places) <= set(range(clubs))
            assert len(places) > 0
