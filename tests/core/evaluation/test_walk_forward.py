"""The evaluator: which seasons judge, what a fit may see, and that no match is quietly left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, TOP_FIVE, Season
from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.evaluation import walk_forward
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.evaluation.scores import evaluate, league_groups
from footpred_dagster.core.evaluation.windows import Windows, windows
from footpred_dagster.core.features.contract import FEATURES
from footpred_dagster.core.models.base import DegenerateData
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
ODDS = [f"{line}_odds_{side}" for line in ("opening", "closing") for side in ("home", "draw", "away")]


def seasons(count: int, last: int = 2024) -> list[str]:
    return [str(Season(start)) for start in range(last - count + 1, last + 1)]


def matches(
    per_season: int = 20, count: int = 4, leagues: tuple[str, ...] = ("E0", "D1"), seed: int = 5
) -> pd.DataFrame:
    """Played matches with an index that is neither sorted nor dense; a third of them have no closing price."""
    chance = np.random.default_rng(seed)
    n = per_season * count
    frame = pd.DataFrame(
        {
            "season": np.repeat(seasons(count), per_season),
            "league": np.resize(leagues, n),
            "kickoff": pd.Timestamp("2024-08-03", tz="UTC") + pd.to_timedelta(np.arange(n), unit="D"),
            "outcome": chance.choice(3, n),
            **{name: chance.uniform(1.5, 3, n) for name in ODDS},
        },
        index=chance.permutation(10 * n)[:n],
    )
    frame.iloc[::3, frame.columns.get_loc("closing_odds_draw")] = np.nan
    return frame.sample(frac=1, random_state=seed)


class Spy:
    """A recipe that remembers every frame it was given, and says by its forecast from how many matches it learned."""

    name = "spy"
    contract = FEATURES
    fits: ClassVar[list[pd.DataFrame]] = []
    asked: ClassVar[list[pd.DataFrame]] = []

    def fit(self, frame: pd.DataFrame) -> Self:
        self.fits.append(frame)
        self.learned = len(frame)
        return self

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        self.asked.append(frame)
        home = self.learned / 1e6
        return np.tile([home, 0.5 - home, 0.5], (len(frame), 1))

    def parameters(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> Self:
        return cls()


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> type[Spy]:
    monkeypatch.setattr(Spy, "fits", [])
    monkeypatch.setattr(Spy, "asked", [])
    monkeypatch.setitem(walk_forward.ALL_RECIPES, "spy", Spy)
    return Spy


@pytest.mark.parametrize(
    ("complete", "selection", "calibration", "final"),
    [
        *[(0, 0, 0, 0), (1, 0, 0, 0), (2, 1, 0, 0), (3, 1, 0, 0), (4, 1, 0, 1), (5, 1, 0, 2)],
        *[(6, 2, 0, 2), (7, 3, 0, 2), (8, 3, 1, 2), (9, 3, 1, 2)],
    ],
)
def test_windows_shrink_in_the_stated_order_and_leave_two_seasons_to_learn_from(
    complete, selection, calibration, final
):
    known = seasons(complete)
    found = windows(known, AS_OF)
    assert (len(found.selection), len(found.calibration), len(found.final)) == (selection, calibration, final)
    assert found.seasons == tuple(known[complete - selection - calibration - final :])
    assert complete <= 2 or found.seasons[0] > known[1]
    expected = (
        f"only {complete} complete seasons before 2025-07-01: {selection} to select on (of 3), "
        f"{calibration} to calibrate on (of 1), {final} final (of 2)"
    )
    assert found.note == (None if complete >= 8 else expected)


def test_a_season_under_way_never_judges():
    assert "2025-26" not in windows([*seasons(8), "2025-26"], AS_OF).seasons
    assert windows([*seasons(8), "2025-26"], AS_OF) == windows(seasons(8), AS_OF)


@pytest.mark.parametrize(
    ("as_of", "newest"),
    [
        (datetime(2025, 6, 29, 23, 59, tzinfo=UTC), "2023-24"),
        (datetime(2025, 6, 30, tzinfo=UTC), "2024-25"),
    ],
)
def test_a_season_judges_from_the_instant_it_counts_as_complete(as_of, newest):
    assert windows(seasons(8), as_of).final[-1] == newest


def test_windows_do_not_depend_on_the_order_or_number_of_mentions():
    known = seasons(8)
    assert windows([*reversed(known), *known], AS_OF) == windows(known, AS_OF)


def test_no_season_has_two_uses_and_what_chooses_lies_before_what_judges():
    found = windows(seasons(8), AS_OF)
    assert found == Windows(("2019-20", "2020-21", "2021-22"), ("2022-23",), ("2023-24", "2024-25"))
    assert max(found.selection) < min(found.calibration) < min(found.final)


def test_no_fit_sees_a_match_of_the_season_it_predicts_or_of_a_later_one(spy):
    frame = matches()
    judged = seasons(4)[1:]
    results = list(walk_forward.walk_forward(spy, frame, judged))
    assert [season for season, _ in results] == judged
    assert [sorted(fit["season"].unique()) for fit in spy.fits] == [seasons(4)[: place + 1] for place in range(3)]
    for (season, predicted), asked in zip(results, spy.asked, strict=True):
        assert set(asked["season"]) == {season}
        assert set(predicted.index) == set(frame.index[frame["season"] == season])


def test_a_fit_learns_from_every_earlier_match_and_starts_afresh_each_season(spy):
    results = dict(walk_forward.walk_forward(spy, matches(per_season=20), seasons(4)[1:]))
    learned = [round(predicted["p_home"].iloc[0] * 1e6) for predicted in results.values()]
    assert learned == [20, 40, 60]


def test_predictions_stay_with_their_matches(monkeypatch):
    class Echo(Spy):
        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            return np.eye(3)[frame["outcome"]]

    frame = matches()
    for _, predicted in walk_forward.walk_forward(Echo, frame, seasons(4)[1:]):
        assert list(predicted.columns) == PROBABILITIES
        assert (predicted.to_numpy().argmax(axis=1) == frame.loc[predicted.index, "outcome"]).all()


def test_the_first_season_of_all_cannot_be_judged():
    with pytest.raises(DegenerateData):
        walk_forward.predictions_for(["base_rate"], matches(), seasons(4)[:1])


def test_every_played_match_is_scored_and_a_market_line_says_honestly_how_many_it_covers(spy):
    frame, judged = matches(), seasons(4)[2:]
    predictions = walk_forward.predictions_for(["spy", "market_opening", "market_closing"], frame, judged)
    rows = evaluate(predictions, frame, judged, league_groups(frame["league"].unique()))
    counted = {(row.model, row.league): row.scores.n for row in rows}
    played = frame[frame["season"].isin(judged)]
    for league, of_league in [("all", played), *played.groupby("league")]:
        assert counted["spy", league] == counted["market_opening", league] == len(of_league)
        assert counted["market_closing", league] == of_league["closing_odds_draw"].notna().sum() < len(of_league)
    assert {row.seasons for row in rows} == {"2324,2425"}


def test_scores_compare_each_forecast_with_the_outcome_of_its_own_match():
    frame = matches()
    oracle = pd.DataFrame(np.eye(3)[frame["outcome"]], index=frame.index, columns=PROBABILITIES)
    rows = evaluate({"oracle": oracle.sample(frac=1, random_state=9)}, frame, seasons(4), {"all": ("E0", "D1")})
    assert [(row.scores.log_loss, row.scores.accuracy, row.scores.n) for row in rows] == [(0, 1, len(frame))]


def test_matches_of_other_seasons_and_leagues_are_not_scored():
    frame = matches(leagues=("E0", "D1"))
    nonsense = pd.DataFrame(np.nan, index=frame.index, columns=PROBABILITIES)
    of_group = (frame["season"] == "2024-25") & (frame["league"] == "D1")
    nonsense.loc[of_group] = [0.4, 0.3, 0.3]
    (row,) = evaluate({"m": nonsense}, frame, ["2024-25"], {"D1": ("D1",)})
    assert row.scores.n == of_group.sum()


def test_a_model_without_predictions_in_a_group_has_no_row():
    frame = matches()
    assert evaluate({"m": pd.DataFrame(columns=PROBABILITIES)}, frame, seasons(4), {"all": ("E0",)}) == []


@pytest.mark.parametrize("line", ["opening", "closing"])
def test_the_market_line_is_de_vigged_from_its_own_odds_and_unpriced_rows_are_left_out(line):
    frame = matches()
    found = market_line(frame, f"market_{line}")
    odds = frame.loc[found.index, [f"{line}_odds_{side}" for side in ("home", "draw", "away")]]
    assert len(found) == frame[f"{line}_odds_draw"].notna().sum()
    np.testing.assert_array_equal(found.to_numpy(), power_devig(odds.to_numpy()))


def test_groups_are_all_the_top_five_when_all_five_are_there_and_each_league():
    assert league_groups(["D1", "E0"]) == {"all": ("E0", "D1"), "E0": ("E0",), "D1": ("D1",)}
    found = league_groups(MAIN_LEAGUES)
    assert list(found) == ["all", "top5", *MAIN_LEAGUES]
    assert (found["all"], found["top5"]) == (tuple(MAIN_LEAGUES), TOP_FIVE)
