"""Elo before each match: from earlier days only, whatever happens on the day or after it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.models.ratings import START, TIER_STEP, EloParameters, RatedMatch, elo, margin_multiplier

TEAMS = tuple("abcdef")
FIRST_DAY = date(2024, 8, 1)
bounded = settings(derandomize=True, max_examples=60, deadline=None)


def match(number: int, day: int, home: str, away: str, score: tuple[int, int] | None, tier: int = 1) -> RatedMatch:
    return RatedMatch(f"m{number}", FIRST_DAY + timedelta(days=day), tier, home, away, *(score or (None, None)))


@st.composite
def histories(draw: st.DrawFn) -> list[RatedMatch]:
    """Up to eight days on which each of six teams plays at most once; some matches are not played yet."""
    found: list[RatedMatch] = []
    goals = st.integers(0, 6)
    for day in range(draw(st.integers(1, 8))):
        teams = draw(st.permutations(TEAMS))
        for pair in range(draw(st.integers(1, 3))):
            score = draw(st.one_of(st.none(), st.tuples(goals, goals)))
            found.append(match(len(found), day, teams[2 * pair], teams[2 * pair + 1], score, draw(st.integers(1, 2))))
    return found


def after(matches: list[RatedMatch]) -> dict[str, float]:
    """Every team's rating once all of ``matches`` are played: what a fixture on a later day would be given."""
    later = [match(1000 + number, 1000, team, f"nobody-{team}", None) for number, team in enumerate(TEAMS)]
    return {by_id[0]: rating for by_id, (_, rating, _) in zip(TEAMS, list(elo([*matches, *later]))[-6:], strict=True)}


def test_a_first_rating_is_lower_by_a_step_per_tier():
    assert [next(iter(elo([match(1, 0, "a", "b", None, tier)])))[1:] for tier in (1, 2, 3)] == [
        (START, START),
        (START - TIER_STEP,) * 2,
        (START - 2 * TIER_STEP,) * 2,
    ]


def test_a_club_keeps_its_rating_when_it_changes_tier():
    rows = list(elo([match(1, 0, "a", "b", (0, 0), tier=2), match(2, 1, "a", "c", None, tier=1)]))
    assert START - TIER_STEP - 20 < rows[1][1] < START - TIER_STEP
    assert rows[1][2] == START


@pytest.mark.parametrize(
    ("score", "change"),
    [
        ((1, 0), 16 * 0.4145),
        ((2, 0), 24 * 0.4145),
        ((5, 1), 30 * 0.4145),
        ((1, 1), -16 * 0.0855),
        ((0, 1), -16 * 0.5855),
    ],
)
def test_the_change_by_hand(score, change):
    """At even ratings and 60 points of home advantage the home team is expected to score 1 / (1 + 10^-0.15) = .5855."""
    _, (_, home, away) = elo([match(1, 0, "a", "b", score), match(2, 1, "a", "b", None)])
    assert home - START == pytest.approx(change, abs=1e-3)
    assert away - START == pytest.approx(-change, abs=1e-3)


def test_constants_can_be_given():
    _, (_, home, _) = elo([match(1, 0, "a", "b", (1, 0)), match(2, 1, "a", "b", None)], EloParameters(k=20, home=0))
    assert home == START + 10


def test_a_team_listed_twice_on_a_day_is_rated_from_the_day_before_both_times_and_keeps_both_changes():
    day = [match(1, 0, "a", "b", (1, 0)), match(2, 0, "c", "a", (0, 1))]
    (_, _, second), (_, after_day, _) = list(elo([*day, match(3, 1, "a", "d", None)]))[1:]
    assert second == START
    assert after_day - START == pytest.approx(16 * 0.4145 + 16 * 0.5855, abs=1e-3)


@pytest.mark.parametrize(
    ("difference", "multiplier"), [(0, 1), (1, 1), (-1, 1), (2, 1.5), (3, 1.75), (-4, 1.875), (8, 2.375)]
)
def test_a_bigger_win_counts_more(difference, multiplier):
    assert margin_multiplier(difference) == multiplier


@bounded
@given(histories())
def test_every_match_and_fixture_is_rated_once_in_the_order_given(history):
    assert [match_id for match_id, _, _ in elo(history)] == [match.match_id for match in history]


@bounded
@given(histories())
def test_points_are_won_only_from_the_opponent(history):
    starts: dict[str, float] = {}
    for played in history:
        for team in (played.home_id, played.away_id):
            if played.home_goals is not None:
                starts.setdefault(team, START - TIER_STEP * (played.tier - 1))
    ratings = after(history)
    assert sum(ratings[team] - start for team, start in starts.items()) == pytest.approx(0, abs=1e-9)
    assert {team: ratings[team] for team in TEAMS if team not in starts} == {
        team: START for team in TEAMS if team not in starts
    }


@bounded
@given(histories(), st.randoms(use_true_random=False))
def test_matches_of_one_day_do_not_see_each_other(history, chance):
    days = defaultdict(list)
    for played in history:
        days[played.match_date].append(played)
    permuted = [played for same_day in days.values() for played in chance.sample(same_day, len(same_day))]
    assert sorted(elo(permuted)) == sorted(elo(history))
    assert after(permuted) == after(history)


@bounded
@given(histories())
def test_a_fixture_changes_nothing(history):
    played = [match for match in history if match.home_goals is not None]
    rated = {match_id: ratings for match_id, *ratings in elo(history)}
    assert {match_id: ratings for match_id, *ratings in elo(played)} == {m.match_id: rated[m.match_id] for m in played}
    assert after(played) == after(history)


@bounded
@given(histories(), st.integers(0, 8), st.data())
def test_nothing_on_or_after_a_day_changes_what_was_rated_before_or_on_it(history, day, data):
    """Forbids a rating that knows its own result: results of the day itself are as unknown as those of later days."""
    today = FIRST_DAY + timedelta(days=day)
    past = [match for match in history if match.match_date < today]
    altered = list(past)
    for later in history[len(past) :]:
        fate = data.draw(st.sampled_from(["deleted", "changed", "masked", "kept"]))
        if fate == "changed":
            later = later._replace(home_goals=data.draw(st.integers(0, 9)), away_goals=data.draw(st.integers(0, 9)))
        elif fate == "masked":
            later = later._replace(home_goals=None, away_goals=None)
        if fate != "deleted":
            altered.append(later)
    original, other = list(elo(history)), list(elo(altered))
    assert other[: len(past)] == original[: len(past)]
    of_today = {match.match_id for match in altered if match.match_date == today}
    assert [row for row in other if row[0] in of_today] == [row for row in original if row[0] in of_today]
