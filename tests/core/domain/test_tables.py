"""Tables of made-up seasons: every rule that results alone do not tell."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.domain.rules import rules_of
from footpred_dagster.core.domain.tables import Adjustment, Line, Result, table

FIRST = date(2023, 8, 1)
HOME_WIN, DRAW, AWAY_WIN = (1, 0), (0, 0), (0, 1)


def clubs(count: int) -> list[str]:
    return [f"c{number:02d}" for number in range(count)]


def round_robin(names: list[str], meetings: int = 2) -> list[Result]:
    """The earlier named club wins every match by a goal, on days one after another."""
    pairs = list(permutations(names, 2)) * (meetings // 2)
    if meetings % 2:
        pairs += [(one, other) for n, one in enumerate(names) for other in names[n + 1 :]]
    return [
        Result(FIRST + timedelta(days=n), home, away, *(HOME_WIN if home < away else AWAY_WIN))
        for n, (home, away) in enumerate(pairs)
    ]


def later(results: list[Result], *matches: tuple[str, str, tuple[int, int]]) -> list[Result]:
    last = results[-1].day
    further = [Result(last + timedelta(days=n), home, away, *goals) for n, (home, away, goals) in enumerate(matches, 1)]
    return results + further


def lines(league: str, start: int, results: list[Result], *adjustments: Adjustment) -> dict[str, Line]:
    return {line.club: line for line in table(league, Season(start), results, adjustments)}


def test_a_win_is_worth_what_it_was_worth_that_season():
    results = [Result(FIRST, "a", "b", 1, 0), Result(FIRST, "c", "d", 1, 1)]
    assert lines("D1", 1994, results)["a"].points == 2
    assert lines("D1", 1995, results)["a"].points == 3


def test_goals_scored_counted_before_goal_difference_in_the_football_league_until_1999():
    results = [Result(FIRST, "a", "b", 1, 0), Result(FIRST, "c", "d", 4, 3), Result(FIRST, "a", "e", 2, 0),
               Result(FIRST, "c", "f", 1, 1), Result(FIRST, "c", "b", 1, 1), Result(FIRST, "c", "g", 1, 1)]  # fmt: skip
    assert lines("E1", 1998, results)["c"].place == 1  # 6 points each: 7 goals to 5 against 3 to 0
    assert lines("E1", 1999, results)["a"].place == 1


def test_clubs_that_the_rules_leave_level_share_a_place():
    results = [Result(FIRST, "a", "b", 1, 1), Result(FIRST, "c", "d", 2, 0)]
    found = lines("E0", 2023, results)
    assert [found[club].place for club in "cabd"] == [1, 2, 2, 4]


def test_several_rulings_against_one_club_add_up_and_are_shown_apart_from_points_won():
    results = [Result(FIRST, "a", "b", 1, 0), Result(FIRST, "b", "c", 1, 0)]
    found = lines(
        "E0", 2023, results, Adjustment("a", -10, FIRST), Adjustment("a", 4, FIRST), Adjustment("x", -5, FIRST)
    )
    assert (found["a"].points_won, found["a"].adjustment, found["a"].points, found["a"].place) == (3, -6, -3, 3)
    assert set(found) == {"a", "b", "c"}


def test_after_a_split_no_club_leaves_its_half_whatever_its_points():
    names = clubs(12)
    before = round_robin(names, 3)
    sixth, seventh = names[5], names[6]
    assert lines("SC0", 2023, before)[seventh].group is None
    # Points enough to pass the sixth: from matches against the other five of its half, three times over.
    after = later(before, *((seventh, other, (9, 0)) for _ in range(3) for other in names[7:]))
    found = lines("SC0", 2023, after)
    assert found[seventh].points > found[sixth].points
    assert (found[sixth].place, found[seventh].place) == (6, 7)
    assert (found[sixth].group, found[seventh].group) == ("top six", "bottom six")


def test_points_are_halved_rounded_up_and_a_rounded_up_club_comes_second_where_level():
    names = clubs(16)
    before = round_robin(names)
    first = lines("B1", 2023, before)
    after = later(before, (names[1], names[0], DRAW))
    found = lines("B1", 2023, after)
    assert (first[names[0]].points, found[names[0]].points, found[names[0]].halved) == (90, 46, -45)
    assert found[names[12]].halved == 0  # relegation play-offs keep every point
    # 15 pairs of wins lie between two clubs: take points so that both come out at 42, one of them rounded up.
    level = lines("B1", 2023, after, Adjustment(names[0], -7, FIRST), Adjustment(names[1], -2, FIRST))
    assert level[names[0]].points == 43
    assert level[names[1]].points == 42
    tied = lines("B1", 2023, later(before, (names[2], names[3], DRAW)), Adjustment(names[0], -7, FIRST))
    assert (tied[names[0]].points, tied[names[1]].points) == (42, 42)
    assert tied[names[1]].place < tied[names[0]].place


def test_a_match_between_two_halves_does_not_count():
    before = round_robin(clubs(16))
    after = later(before, ("c00", "c01", DRAW), ("c06", "c05", (5, 0)))
    assert lines("B1", 2023, after)["c06"].played == 30


def test_a_ruling_after_the_split_is_not_halved():
    before = round_robin(clubs(16))
    after = later(before, ("c00", "c01", DRAW))
    day = after[-1].day
    assert lines("B1", 2023, after, Adjustment("c00", -10, day))["c00"].points == 45 + 1 - 10
    assert lines("B1", 2023, after, Adjustment("c00", -10, FIRST))["c00"].points == 40 + 1


def test_a_season_cut_short_is_ranked_by_points_per_match_where_its_league_decided_so():
    results = [Result(FIRST, "a", "b", 1, 0), Result(FIRST, "c", "d", 1, 0), Result(FIRST, "c", "e", 0, 0)]
    assert lines("F1", 2019, results)["a"].place == 1  # 3.0 a match against 2.0
    assert lines("F1", 2018, results)["c"].place == 1
    assert lines("N1", 2019, results)["c"].place == 1  # the table as it stood


def test_matches_of_a_club_that_was_struck_out_do_not_count():
    results = [Result(FIRST, "a", "dover-athletic", 0, 3), Result(FIRST, "a", "b", 1, 0)]
    assert set(lines("EC", 2020, results)) == {"a", "b"}
    assert "dover-athletic" in lines("EC", 2021, results)


def test_a_ruling_moves_a_champion_to_the_end_and_keeps_its_points():
    found = lines("I1", 2005, [Result(FIRST, "juventus", "inter", 2, 1), Result(FIRST, "inter", "roma", 1, 0)])
    assert (found["juventus"].points, found["juventus"].place, found["inter"].place) == (3, 3, 1)


def test_further_matches_decide_only_once_the_season_is_whole():
    # Level on points, and Spezia is ahead by goals; the decider put Verona first.
    names = ["a", "spezia", "verona"]
    whole = [Result(FIRST, home, away, *DRAW) for home, away in permutations(names, 2) if "a" not in (home, away)]
    whole += [Result(FIRST, "a", "verona", 0, 1), Result(FIRST, "verona", "a", 0, 0)]
    whole += [Result(FIRST, "a", "spezia", 0, 5), Result(FIRST, "spezia", "a", 0, 0)]
    level = lines("I1", 2022, whole)
    assert level["verona"].points == level["spezia"].points
    assert level["verona"].place < level["spezia"].place
    assert lines("I1", 2023, whole)["spezia"].place == 1
    unfinished = lines("I1", 2022, whole[:-1])
    assert unfinished["spezia"].place == 2  # a point less
    ahead = lines("I1", 2022, [*whole[:-1], Result(FIRST, "spezia", "a", 1, 0)])
    assert ahead["spezia"].place == 1


@pytest.mark.parametrize(
    ("league", "start", "place", "clubs", "zone"),
    [
        ("E0", 2023, 1, 20, "title"),
        ("E0", 2023, 4, 20, "Champions League"),
        ("E0", 2023, 18, 20, "relegation"),
        ("E0", 2023, 10, 20, None),
        ("E1", 2023, 1, 24, "promotion"),
        ("E1", 2023, 6, 24, "promotion play-offs"),
        ("SC0", 2023, 11, 12, "relegation play-off"),
        ("D1", 2007, 16, 18, "relegation"),
        ("D1", 2008, 16, 18, "relegation play-off"),
    ],
)
def test_places_are_marked_with_what_they_were_worth(league, start, place, clubs, zone):
    from footpred_dagster.core.domain.zones import zone_of

    assert zone_of(place, clubs, rules_of(league, Season(start)).marks) == zone
