"""Attack and defence: recovered from play, blind to their own day, and untouched by what was only listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.ratings.current import Raters
from footpred_dagster.core.ratings.history import Matches, mornings, rate
from footpred_dagster.core.ratings.observations import COLUMNS, NOISE, NOISE_GOALS_ONLY, observe
from footpred_dagster.core.ratings.poisson import log_odds
from footpred_dagster.core.ratings.strengths import Strengths
from tests.support.history import Game, matches, with_goals, without

CLUBS = 12


def league(rounds: int = 120, seed: int = 1) -> tuple[Matches, np.ndarray, np.ndarray]:
    """Random pairings a week apart, 40 rounds a season; goals by true attack and defence, which are returned."""
    chance = np.random.default_rng(seed)
    attack, defence = chance.normal(0, 0.25, CLUBS) + chance.normal(0, 0.1, (2, CLUBS))
    games = []
    for number in range(rounds):
        order = chance.permutation(CLUBS)
        for home, away in zip(order[: CLUBS // 2], order[CLUBS // 2 :], strict=True):
            rates = np.exp([0.4 + attack[home] - defence[away], 0.1 + attack[away] - defence[home]])
            score = tuple(chance.poisson(rates))
            games.append(Game(700_000 + 7 * number, home, away, score, season=2000 + number // 40))
    return matches(games), attack, defence


def known(history: Matches) -> dict[str, np.ndarray]:
    return rate(Strengths(CLUBS + 1, 1), history)


def equal(left: dict[str, np.ndarray], right: dict[str, np.ndarray], rows: slice) -> bool:
    return all(np.array_equal(left[name][rows], right[name][rows]) for name in left)


def test_true_attack_and_defence_are_found():
    history, attack, defence = league()
    found = known(history)
    late = slice(len(history) // 2, None)
    home, away = history.home[late], history.away[late]
    assert np.corrcoef(found["home_log_goals"][late], attack[home] - defence[away])[0, 1] > 0.7
    assert found["log_goals_difference"][late].mean() == pytest.approx(0.3, abs=0.1)


def test_more_matches_leave_less_uncertainty_until_a_summer():
    by_round = [state.var_attack[0].mean() for _, _, state in mornings(Strengths(CLUBS, 1), league()[0])]
    assert by_round[39] < by_round[20] < by_round[0]
    assert by_round[40] > by_round[39]


def test_what_was_never_counted_is_never_learned():
    """Without shots and corners their filters stay where they began; the goals' filter does not."""
    found = known(league(rounds=20)[0])
    assert np.ptp(found["log_corners_difference"]) < 0.1
    assert np.ptp(found["log_goals_difference"]) > 0.2


def test_a_result_changes_nothing_of_its_own_day_or_before():
    history, *_ = league(rounds=60)
    before, after = known(history), known(with_goals(history, 30 * CLUBS // 2 + 2, 9, 0))
    end_of_day = 31 * CLUBS // 2
    assert equal(before, after, slice(0, end_of_day))
    assert not equal(before, after, slice(end_of_day, None))


@pytest.mark.parametrize("round_number", [20, 39, 40, 45])
def test_a_match_that_was_only_listed_leaves_no_trace(round_number):
    """Whether a postponed fixture was ever on the list must not move the ratings of later matches."""
    history, *_ = league(rounds=60)
    row = round_number * CLUBS // 2 + 3
    listed, absent = known(with_goals(history, row, np.nan, np.nan)), known(without(history, [row]))
    for name, values in listed.items():
        np.testing.assert_array_equal(np.delete(values, row), absent[name])
    # And the fixture itself is rated as the match will be.
    assert listed["home_log_goals"][row] == known(history)["home_log_goals"][row]


def test_a_newcomer_starts_a_little_below_the_mean_of_the_division():
    history, *_ = league(rounds=80)
    first = int(np.flatnonzero(history.season == 2001)[0])
    history.home[first] = CLUBS
    found = known(history)
    others = np.r_[found["home_attack"][first + 1 : first + 6], found["away_attack"][first : first + 6]].mean()
    assert -0.15 < found["home_attack"][first] - others < 0.05


def test_a_club_better_than_its_rating_has_momentum_at_its_venue():
    games = [Game(7 * day, 0, 1 + day % 3, (4, 0)) for day in range(6)] + [Game(60, 0, 1, None), Game(60, 2, 0, None)]
    found = rate(Raters.fresh(matches(games)), matches(games))
    assert found["home_momentum"][-2] > 0.5
    assert found["home_short_momentum"][-2] > found["home_momentum"][-2]
    assert found["home_venue_momentum"][-2] > 0.5
    assert found["away_venue_momentum"][-1] == 0


def test_nothing_to_rate_is_nothing():
    assert known(matches([])) == {}


def test_even_rates_give_even_odds_and_more_goals_fewer_draws():
    few, many = log_odds(np.zeros(1), np.zeros(1)), log_odds(np.ones(1), np.ones(1))
    assert few[0] == pytest.approx(few[1])
    assert many[0] > few[0]
    # Both sides Poisson with mean 1: P(home) = .3457, P(draw) = .3086 (Skellam distribution).
    assert few[0][0] == pytest.approx(np.log(0.345746 / 0.308508), abs=1e-4)


def season(start: int) -> pd.DataFrame:
    """One match in which three goals came from six shots on target, fifteen others and ten corners."""
    match = dict(zip(COLUMNS, (2.0, 1.0, 4.0, 2.0, 12.0, 9.0, 6.0, 4.0), strict=True))
    return pd.DataFrame([match | {"country": "England", "league": "E0", "season": start}])


def test_pseudo_goals_count_a_statistic_at_last_seasons_rate_and_never_at_this_ones():
    last = season(2020)
    this = last.assign(season=2021, home_goals=0.0, home_shots_on_target=6.0)
    found = observe(pd.concat([last, this], ignore_index=True))
    # The first season has no rates before it: its goals count alone.
    assert (found.home[0, 0], found.noise[0, 0]) == (2.0, NOISE_GOALS_ONLY)
    assert found.home[0, 1] == pytest.approx(0.35 * 0 + 0.35 * 3 / 6 * 6 + 0.15 * 3 / 15 * 6 + 0.15 * 3 / 10 * 6)
    assert found.noise[0, 1] == NOISE


def test_a_division_without_a_past_takes_the_rates_of_its_country_and_of_no_other():
    this = season(2021).assign(league="E1")
    abroad = season(2020).assign(country="Spain", league="SP1", home_goals=9.0)
    found = observe(pd.concat([season(2020), abroad, this], ignore_index=True))
    alone = observe(pd.concat([season(2020), this], ignore_index=True))
    assert found.noise[0, 2] == NOISE
    assert found.home[0, 2] == alone.home[0, 1]
    assert observe(pd.concat([abroad, this], ignore_index=True)).noise[0, 1] == NOISE_GOALS_ONLY


def test_statistics_that_were_never_counted_are_not_believed():
    last = season(2020)
    zeros = last.assign(season=2021, home_shots=0.0, away_shots=0.0, home_shots_on_target=0.0, away_shots_on_target=0.0)
    missing = last.assign(season=2021, home_corners=np.nan)
    fixture = last.assign(season=2021, home_goals=np.nan, away_goals=np.nan)
    found = observe(pd.concat([last, zeros, missing, fixture], ignore_index=True))
    assert found.home[0, 1:3].tolist() == [2.0, 2.0]
    assert np.isnan(found.home[0, 3])
    assert (found.noise[0, 1:] == NOISE_GOALS_ONLY).all()
