"""Elo and pi-ratings by hand, and every rater against what it may not know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.ratings import elo, pi
from footpred_dagster.core.ratings.current import Raters
from footpred_dagster.core.ratings.elo import START, TIER_STEP, Elo, margin_multiplier
from footpred_dagster.core.ratings.pi import Pi
from footpred_dagster.core.ratings.strengths import Strengths
from tests.support.history import Game, rated

CLUBS = 6
bounded = settings(derandomize=True, max_examples=60, deadline=None)


@st.composite
def histories(draw: st.DrawFn) -> list[Game]:
    """Up to eight days on which each of six clubs plays at most once, in two seasons; some are not played yet."""
    found: list[Game] = []
    goals = st.integers(0, 6)
    for day in range(draw(st.integers(1, 8))):
        clubs = draw(st.permutations(range(CLUBS)))
        for pair in range(draw(st.integers(1, 3))):
            score = draw(st.one_of(st.none(), st.tuples(goals, goals)))
            league = draw(st.integers(0, 1))
            found.append(Game(day, clubs[2 * pair], clubs[2 * pair + 1], score, league + 1, 2024 + day // 4, league))
    return found


def everything(games: list[Game]) -> list[dict[str, float]]:
    """By all raters at once."""
    return rated(Raters(Elo(CLUBS), Pi(CLUBS), Strengths(CLUBS, leagues=2)), games)


def test_a_first_rating_is_lower_by_a_step_per_tier():
    first = [rated(Elo(2), [Game(0, 0, 1, None, tier)])[0] for tier in (1, 2, 3)]
    assert [before["home_elo"] for before in first] == [START, START - TIER_STEP, START - 2 * TIER_STEP]


def test_a_club_keeps_most_of_its_rating_when_it_changes_tier():
    before = rated(Elo(3), [Game(0, 0, 1, (0, 0), tier=2), Game(1, 0, 2, None, tier=1)])[1]
    assert START - TIER_STEP - 20 < before["home_elo"] < START - TIER_STEP
    assert before["away_elo"] == START


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
def test_the_change_of_elo_by_hand(score, change):
    """At even ratings and 60 points of home advantage the home team is expected to score 1 / (1 + 10^-0.15) = .5855."""
    before = rated(Elo(2), [Game(0, 0, 1, score), Game(1, 0, 1, None)])[1]
    assert before["home_elo"] - START == pytest.approx(change, abs=1e-3)
    assert before["away_elo"] - START == pytest.approx(-change, abs=1e-3)


def test_a_summer_carries_the_share_of_a_rating_that_is_said(monkeypatch):
    monkeypatch.setattr(elo, "CARRIED", 0.5)
    games = [Game(0, 0, 1, (1, 0)), Game(1, 0, 1, None), Game(300, 0, 1, None, season=2025)]
    _, same, next_season = rated(Elo(2), games)
    assert next_season["home_elo"] - START == pytest.approx((same["home_elo"] - START) / 2)


@pytest.mark.parametrize(
    ("difference", "multiplier"), [(0, 1), (1, 1), (-1, 1), (2, 1.5), (3, 1.75), (-4, 1.875), (8, 2.375)]
)
def test_a_bigger_win_counts_more(difference, multiplier):
    assert margin_multiplier(difference) == multiplier


def test_the_change_of_pi_by_hand():
    """Two unrated clubs, 4-1: a surprise of 3 goals moves one rating by .035 * 3 log10(4), the other by .7 of it."""
    before = rated(Pi(2), [Game(0, 0, 1, (4, 1)), Game(1, 0, 1, None), Game(1, 1, 0, None)])
    moved = 0.035 * 3 * 0.60206
    assert before[1]["home_pi"] == pytest.approx(moved, abs=1e-6)
    assert before[1]["away_pi"] == pytest.approx(-moved, abs=1e-6)
    assert before[2]["away_pi"] == pytest.approx(0.7 * moved, abs=1e-6)
    assert before[1]["pi_difference"] == pytest.approx(2 * (10 ** (moved / 3) - 1), abs=1e-6)


def test_pi_expects_nothing_of_the_unknown():
    assert pi.goal_difference(0.0, 0.0) == 0


def test_a_club_listed_twice_on_a_day_keeps_both_changes():
    games = [Game(0, 0, 1, (1, 0)), Game(0, 2, 0, (0, 1)), Game(1, 0, 3, None)]
    after_day = rated(Elo(4), games)[2]["home_elo"]
    assert after_day - START == pytest.approx(16 * 0.4145 + 16 * 0.5855, abs=1e-3)


@bounded
@given(histories())
def test_points_are_won_only_from_the_opponent(history):
    rater = Elo(CLUBS)
    one_season = [replace(game, season=2024) for game in history]
    starts: dict[int, float] = {}
    for game in one_season:
        if game.score:
            for club in (game.home, game.away):
                starts.setdefault(club, START - TIER_STEP * (game.tier - 1))
    rated(rater, one_season)
    assert sum(rater.points[club] - start for club, start in starts.items()) == pytest.approx(0, abs=1e-9)


@bounded
@given(histories(), st.randoms(use_true_random=False))
def test_matches_of_one_day_do_not_see_each_other(history, chance):
    days = defaultdict(list)
    for row, game in enumerate(history):
        days[game.day].append(row)
    order = [row for same_day in days.values() for row in chance.sample(same_day, len(same_day))]
    permuted = everything([history[row] for row in order])
    original = everything(history)
    for place, row in enumerate(order):
        assert permuted[place] == pytest.approx(original[row], abs=1e-9)


@bounded
@given(histories())
def test_a_fixture_changes_nothing(history):
    played = [row for row, game in enumerate(history) if game.score]
    known = everything(history)
    assert everything([history[row] for row in played]) == [known[row] for row in played]


@bounded
@given(histories(), st.integers(0, 8), st.data())
def test_nothing_on_or_after_a_day_changes_what_was_rated_before_or_on_it(history, today, data):
    """Forbids a rating that knows its own result: results of the day itself are as unknown as those of later days."""
    altered, kept = [], []
    for row, game in enumerate(history):
        fate = data.draw(st.sampled_from(["deleted", "changed", "masked", "kept"])) if game.day >= today else "kept"
        if fate == "deleted":
            continue
        kept.append(row)
        score = {"changed": (data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))), "masked": None}
        altered.append(replace(game, score=score.get(fate, game.score)))
    original, other = everything(history), everything(altered)
    for place, row in enumerate(kept):
        if history[row].day <= today:
            assert other[place] == original[row]
