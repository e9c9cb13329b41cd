"""The truth is true: outcomes follow the stated probabilities, and bookmakers stand at a known distance from them."""

from __future__ import annotations

import csv
import json
from math import erfc, sqrt

import numpy as np
import pytest

from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.sources.simulator import true_probabilities, write_truth
from footpred_dagster.sources.simulator.scorelines import scoreline_grid
from footpred_dagster.sources.simulator.truth import book


@pytest.fixture(scope="module")
def truth(seasons):
    return np.concatenate([matches.probabilities for matches in seasons])


@pytest.fixture(scope="module")
def outcomes(seasons):
    margin = np.concatenate([matches.home_goals - matches.away_goals for matches in seasons])
    return 1 - np.sign(margin)


@pytest.fixture(scope="module")
def books(world, seasons):
    return [book(world.seed, matches) for matches in seasons]


def log_loss(probabilities, outcomes):
    return -np.log(probabilities[np.arange(len(outcomes)), outcomes]).mean()


def chi_square_p(statistic: float, freedom: int) -> float:
    """Wilson & Hilferty's normal approximation: three digits at 30 degrees of freedom."""
    cube = 2 / (9 * freedom)
    return erfc(((statistic / freedom) ** (1 / 3) - (1 - cube)) / sqrt(cube) / sqrt(2)) / 2


def test_the_chi_square_tail_is_right():
    assert chi_square_p(43.77, 30) == pytest.approx(0.05, abs=0.001)
    assert chi_square_p(59.70, 30) == pytest.approx(0.001, abs=0.0001)


def test_outcomes_follow_the_true_probabilities(truth, outcomes):
    """Pearson's statistic in thirty groups of like matches, two degrees of freedom each."""
    assert len(outcomes) >= 20_000
    statistic = 0.0
    groups = np.array_split(np.argsort(truth[:, 0]), 30)
    for group in groups:
        expected = truth[group].sum(axis=0)
        observed = np.bincount(outcomes[group], minlength=3)
        statistic += ((observed - expected) ** 2 / expected).sum()
    assert 0.001 < chi_square_p(statistic, 2 * len(groups)) < 0.999


def test_the_chi_square_would_see_a_false_truth(truth, outcomes):
    """Forbids a calibration test without power: home chances three points too low are refused."""
    shifted = truth + np.array([-0.03, 0.015, 0.015])
    expected, observed = shifted.sum(axis=0), np.bincount(outcomes)
    assert chi_square_p(((observed - expected) ** 2 / expected).sum(), 2) < 0.001


def test_probabilities_are_probabilities(truth):
    assert np.abs(truth.sum(axis=1) - 1).max() < 1e-12
    assert 0.001 < truth.min() < truth.max() < 0.99


def test_a_grid_has_its_rates_as_means():
    grid = scoreline_grid(np.array([1.6, 3.1]), np.array([1.1, 0.4]))
    goals = np.arange(grid.shape[1])
    assert (grid > 0).all()
    assert grid.sum(axis=2) @ goals == pytest.approx([1.6, 3.1], rel=1e-4)
    assert grid.sum(axis=1) @ goals == pytest.approx([1.1, 0.4], rel=1e-4)


def test_book_sums_are_those_of_bookmakers(books):
    prices = np.concatenate([line for odds in books for line in odds])
    sums = (1 / prices).sum(axis=1)
    assert 1.02 <= sums.min() < sums.max() <= 1.10
    assert prices.min() >= 1.01
    for odds in books:
        assert (odds.best >= odds.average).all()
        assert (odds.closing_best >= odds.closing_average).all()


def test_truth_beats_closing_beats_opening_beats_the_base_rate(truth, outcomes, books):
    closing, opening = (
        power_devig(np.concatenate([getattr(odds, name) for odds in books])) for name in ("closing_average", "average")
    )
    base = np.tile(np.bincount(outcomes) / len(outcomes), (len(outcomes), 1))
    losses = [log_loss(line, outcomes) for line in (truth, closing, opening, base)]
    assert losses == sorted(losses)
    assert 0.95 < losses[0] < 1.01
    assert losses[3] > 1.05
    # Without the luck of the outcomes: the mean divergence from the truth.
    far, near = ((truth * np.log(truth / line)).sum(axis=1).mean() for line in (opening, closing))
    assert near < far / 3


def test_rows_cover_every_match_and_read_back_exactly(world, seasons, over, tmp_path):
    rows = true_probabilities(world, over)
    assert len(rows) == sum(map(len, seasons))
    assert (rows[0].season, rows[-1].season) == ("2015-16", "2024-25")
    assert max(abs(row.p_home + row.p_draw + row.p_away - 1) for row in rows) < 1e-12

    write_truth(rows[:500], tmp_path / "truth.csv")
    write_truth(rows[:500], tmp_path / "truth.json")
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        read = [[*list(row.values())[:5], *map(float, list(row.values())[5:])] for row in csv.DictReader(file)]
    assert read == [list(row) for row in rows[:500]]
    assert [list(row.values()) for row in json.loads((tmp_path / "truth.json").read_text())] == read
    with pytest.raises(ValueError, match=r"csv or \.json"):
        write_truth(rows, tmp_path / "truth.parquet")
