"""Attack and defence: recovered from play, blind to their own day, and untouched by what was only listed."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.models.pseudo_goals import COLUMNS, pseudo_goals
from footpred_dagster.core.models.strengths import NOISE_GOALS_ONLY, Matches, Strengths, strengths

CLUBS = 12


def league(rounds: int = 120, seed: int = 1) -> tuple[Matches, np.ndarray, np.ndarray]:
    """Random pairings a week apart, 40 rounds a season; goals by true attack and defence, which are returned."""
    chance = np.random.default_rng(seed)
    attack, defence = chance.normal(0, 0.25, CLUBS) + chance.normal(0, 0.1, (2, CLUBS))
    order = np.array([chance.permutation(CLUBS) for _ in range(rounds)])
    home, away = order[:, : CLUBS // 2].ravel(), order[:, CLUBS // 2 :].ravel()
    number = np.repeat(np.arange(rounds), CLUBS // 2)
    zeros = np.zeros(len(home), dtype=np.int64)
    matches = Matches(
        day=700_000 + 7 * number,
        season=2000 + number // 40,
        league=zeros,
        tier=zeros + 1,
        home=home,
        away=away,
        home_x=chance.poisson(np.exp(0.4 + attack[home] - defence[away])).astype(float),
        away_x=chance.poisson(np.exp(0.1 + attack[away] - defence[home])).astype(float),
        noise=np.full(len(home), NOISE_GOALS_ONLY),
    )
    return matches, attack, defence


def equal(left: Strengths, right: Strengths, rows: slice) -> bool:
    return all(np.array_equal(getattr(left, f.name)[rows], getattr(right, f.name)[rows]) for f in fields(Strengths))


def test_true_attack_and_defence_are_found():
    matches, attack, defence = league()
    found = strengths(matches)
    late = slice(len(matches) // 2, None)
    home, away = matches.home[late], matches.away[late]
    assert np.corrcoef(found.home_rate[late], attack[home] - defence[away])[0, 1] > 0.7
    assert found.home_rate[late].mean() - found.away_rate[late].mean() == pytest.approx(0.3, abs=0.1)
    assert (found.variance > 0).all()


def test_more_matches_leave_less_uncertainty_until_a_summer():
    found = strengths(league()[0])
    by_round = found.variance.reshape(-1, CLUBS // 2).mean(axis=1)
    assert by_round[39] < by_round[20] < by_round[0]
    assert by_round[40] > by_round[39]


def test_a_result_changes_nothing_of_its_own_day_or_before():
    matches, *_ = league(rounds=60)
    place = 30 * CLUBS // 2 + 2
    goals = matches.home_x.copy()
    goals[place] = 9.0
    before, after = strengths(matches), strengths(replace(matches, home_x=goals))
    end_of_day = 31 * CLUBS // 2
    assert equal(before, after, slice(0, end_of_day))
    assert not equal(before, after, slice(end_of_day, None))


@pytest.mark.parametrize("round_number", [20, 39, 40, 45])
def test_a_match_that_was_only_listed_leaves_no_trace(round_number):
    """Whether a postponed fixture was ever on the list must not move the ratings of later matches."""
    matches, *_ = league(rounds=60)
    row = round_number * CLUBS // 2 + 3
    unplayed = {name: getattr(matches, name).copy() for name in ("home_x", "away_x")}
    for goals in unplayed.values():
        goals[row] = np.nan
    listed = strengths(replace(matches, **unplayed))
    without = Matches(**{f.name: np.delete(getattr(matches, f.name), row) for f in fields(Matches)})
    absent = strengths(without)
    for field in fields(Strengths):
        np.testing.assert_array_equal(np.delete(getattr(listed, field.name), row), getattr(absent, field.name))
    # And the fixture itself is rated as the match will be.
    assert listed.home_rate[row] == strengths(matches).home_rate[row]


def test_a_newcomer_starts_a_little_below_the_mean_of_the_division():
    matches, *_ = league(rounds=80)
    first = int(np.flatnonzero(matches.season == 2001)[0])
    home = matches.home.copy()
    home[first] = CLUBS
    found = strengths(replace(matches, home=home))
    others = np.r_[found.home_attack[first + 1 : first + 6], found.away_attack[first : first + 6]].mean()
    assert -0.15 < found.home_attack[first] - others < 0.05


def test_nothing_to_rate_is_nothing():
    matches, *_ = league(rounds=1)
    empty = Matches(**{f.name: getattr(matches, f.name)[:0] for f in fields(Matches)})
    assert len(strengths(empty).home_rate) == 0


def season(start: int) -> pd.DataFrame:
    """One match in which three goals came from six shots on target, fifteen others and ten corners."""
    match = dict(zip(COLUMNS, (2.0, 1.0, 12.0, 9.0, 4.0, 2.0, 6.0, 4.0), strict=True))
    return pd.DataFrame([match | {"league": "E0", "season": start}])


def test_pseudo_goals_count_a_statistic_at_last_seasons_rate_and_never_at_this_ones():
    last = season(2020)
    this = last.assign(season=2021, home_goals=0.0, home_shots_on_target=6.0)
    found = pseudo_goals(pd.concat([last, this], ignore_index=True))
    # The first season has no rates before it: its goals count alone.
    assert (found.home[0], found.with_statistics[0]) == (2.0, False)
    assert found.home[1] == pytest.approx(0.35 * 0 + 0.35 * 3 / 6 * 6 + 0.15 * 3 / 15 * 6 + 0.15 * 3 / 10 * 6)
    assert found.with_statistics[1]


def test_statistics_that_were_never_counted_are_not_believed():
    last = season(2020)
    zeros = last.assign(season=2021, home_shots=0.0, away_shots=0.0, home_shots_on_target=0.0, away_shots_on_target=0.0)
    missing = last.assign(season=2021, home_corners=np.nan)
    fixture = last.assign(season=2021, home_goals=np.nan, away_goals=np.nan)
    found = pseudo_goals(pd.concat([last, zeros, missing, fixture], ignore_index=True))
    assert found.home[1:3].tolist() == [2.0, 2.0]
    assert np.isnan(found.home[3])
    assert not found.with_statistics[1:].any()
