"""Drift: quiet when nothing moved, loud when something did by enough, and as stated on the real seasons."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.drift.findings import (
    LARGE_D,
    LARGE_PSI,
    LEAST_MATCHES,
    LEAST_OF_A_SHAPE,
    LOOKS,
    Finding,
    Window,
    feature_drift,
    outcome_mix,
    prediction_drift,
)
from footpred_dagster.core.drift.forecasts import LARGE_RESIDUAL, SKILL_LOST, calibration, skill
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from tests.support.calibrated import Matches, alarms, as_window, draw, judge, weekly

USUAL = (0.44, 0.26, 0.30)
EMPTY_STADIUMS = (0.38, 0.26, 0.36)


def window(
    label: str,
    n: int = 4000,
    seed: int = 1,
    *,
    truth: tuple[float, float, float] = USUAL,
    foretold: tuple[float, float, float] | None = None,
    price: tuple[float, float, float] | None = None,
) -> Window:
    """Matches of two leagues, thirty weeks long, whose chances vary around ``truth``; ``foretold`` and ``price`` shift
    what is said of them, or nothing does."""
    chance = np.random.default_rng(seed)
    own = chance.dirichlet(np.array(truth) * 12, n)
    said, line = (own + np.array(given or truth) - np.array(truth) for given in (foretold, price))
    odds = 1 / (np.clip(line, 0.01, 0.98) * 1.05)
    matches = pd.DataFrame(_forecast(said), columns=PROBABILITIES).assign(
        league=np.where(np.arange(n) % 2, "E0", "SC0"),
        kickoff=pd.Timestamp("2023-08-05", tz="UTC") + pd.to_timedelta(7 * (np.arange(n) % 30), unit="D"),
        outcome=(own.cumsum(axis=1) < chance.random((n, 1))).sum(axis=1),
        **{f"closing_odds_{side}": odds[:, place] for place, side in enumerate(("home", "draw", "away"))},
    )
    return Window(label, matches)


def _forecast(said: np.ndarray) -> np.ndarray:
    clipped = np.clip(said, 0.01, 0.98)
    return clipped / clipped.sum(axis=1, keepdims=True)


def pooled(found: list[Finding], subject: str) -> Finding:
    (finding,) = [each for each in found if each.league == "all" and each.subject == subject]
    return finding


def test_nothing_is_flagged_where_nothing_moved():
    before, now = window("before", seed=1), window("now", seed=2)
    found = [*outcome_mix(before, now), *prediction_drift(before, now), *calibration(now), *skill(before, now)]
    assert {each.kind for each in found} == {"outcome_mix", "prediction", "calibration", "skill"}
    assert [each for each in found if each.flagged] == []


def test_other_outcomes_are_flagged_pooled_and_in_each_league():
    found = outcome_mix(window("before"), window("now", seed=2, truth=EMPTY_STADIUMS))
    assert {each.league: each.flagged for each in found} == {"all": True, "E0": True, "SC0": True}
    everywhere = pooled(found, "outcome")
    assert (everywhere.n_reference, everywhere.n_current) == (4000, 4000)
    assert everywhere.effect == pytest.approx(np.sqrt(everywhere.statistic / 8000))
    assert everywhere.says.startswith("home 43.0% to 38.4%, draw ")
    assert [each.league for each in outcome_mix(window("a"), window("b"), by_league=False)] == ["all"]


def test_leagues_are_judged_together_and_the_whole_by_itself():
    found = outcome_mix(window("before"), window("now", seed=3))
    leagues = [each for each in found if each.league != "all"]
    assert pooled(found, "outcome").p_adjusted == pooled(found, "outcome").p
    assert max(each.p_adjusted for each in leagues) == max(each.p for each in leagues)
    assert min(each.p_adjusted for each in leagues) > min(each.p for each in leagues)


@pytest.mark.parametrize(("shift", "flagged"), [(0.0, False), (0.15, False), (0.3, False), (0.7, True)])
def test_a_feature_is_flagged_by_how_far_it_moved_and_not_by_how_surely(shift, flagged):
    chance = np.random.default_rng(4)
    before, now = (Window(str(mean), pd.DataFrame({"elo": chance.normal(mean, 1, 8000)})) for mean in (0.0, shift))
    (found,) = feature_drift(before, now, ["elo"])
    assert found.flagged == flagged
    assert found.flagged == (found.statistic >= LARGE_PSI and found.effect >= LARGE_D)
    if shift:
        assert found.p_adjusted < 1e-6


def test_a_large_difference_that_may_be_chance_is_not_flagged():
    chance, looks = np.random.default_rng(5), []
    for _ in range(300):
        before, now = (Window("few", pd.DataFrame({"elo": chance.normal(0, 1, LEAST_OF_A_SHAPE)})) for _ in range(2))
        looks += feature_drift(before, now, ["elo"])
    assert sum(each.statistic >= LARGE_PSI and each.effect >= LARGE_D for each in looks) > 5
    assert not any(each.flagged for each in looks)


def test_of_a_handful_of_matches_no_shape_is_judged():
    sizes = LEAST_OF_A_SHAPE - 1, 8000
    before, now = (Window(str(n), pd.DataFrame({"elo": np.full(n, float(n))})) for n in sizes)
    (found,) = feature_drift(before, now, ["elo"])
    assert (found.flagged, found.p, found.says) == (False, None, "too few matches to test")


def test_what_grows_with_every_season_is_told_and_never_flagged():
    before, now = (Window(str(n), pd.DataFrame({"home_matches_played": np.full(900, float(n))})) for n in (40, 80))
    (found,) = feature_drift(before, now, ["home_matches_played"])
    assert (found.flagged, found.effect) == (False, 1.0)


def test_a_statistic_that_stops_coming_is_flagged():
    shots = np.random.default_rng(6).normal(4, 1, 1000)
    gone = np.where(np.arange(1000) % 3, np.nan, shots)
    (found,) = feature_drift(Window("a", pd.DataFrame({"s": shots})), Window("b", pd.DataFrame({"s": gone})), ["s"])
    assert found.flagged
    assert found.says.endswith("(67% missing)")


def test_predictions_that_moved_are_flagged_though_the_outcomes_did_not():
    moved = window("now", seed=2, foretold=(0.66, 0.13, 0.21))
    assert {each.subject for each in prediction_drift(window("before"), moved) if each.flagged} == set(PROBABILITIES)
    assert not any(each.flagged for each in outcome_mix(window("before"), moved))


def test_predictions_that_are_nearly_the_same_for_all_may_move_by_their_own_spread():
    """A refit of a model that knows little does that; forbids an alarm over a thousandth."""
    before, now = window("before"), window("now", seed=2)
    for each, home in ((before, 0.440), (now, 0.441)):
        each.matches["p_home"] = home + np.random.default_rng(7).normal(0, 0.0005, 4000)
    found = pooled(prediction_drift(before, now), "p_home")
    assert (found.statistic > LARGE_PSI, found.effect > LARGE_D, found.flagged) == (True, True, False)


def test_residuals_find_what_the_calibration_error_is_blind_to():
    """As in 2020-21: home wins too rare by as much as away wins are too frequent, at every probability."""
    found = calibration(window("now", n=8000, truth=EMPTY_STADIUMS, foretold=(0.42, 0.26, 0.32)))
    assert {each.subject for each in found if each.league == "all" and each.flagged} == {"home", "away"}
    home, away = pooled(found, "home"), pooled(found, "away")
    assert home.effect < -LARGE_RESIDUAL
    assert away.effect > LARGE_RESIDUAL
    assert home.statistic == pytest.approx(-0.04 * np.sqrt(8000) / 0.46, abs=2)
    assert (home.reference, home.n_current) == ("its predictions", 8000)
    assert {each.league for each in found} == {"all", "E0", "SC0"}


def test_z_of_forecasts_that_are_right_is_standard_normal():
    z = [pooled(calibration(window("now", n=300, seed=seed)), "draw").statistic for seed in range(60)]
    assert np.mean(z) == pytest.approx(0, abs=0.4)
    assert np.std(z) == pytest.approx(1, abs=0.3)


def test_forecasts_that_claim_too_much_break_the_calibration_error():
    honest = window("now", n=8000)
    bold = honest.matches.assign(p_home=0.9, p_draw=0.06, p_away=0.04)
    ece = pooled(calibration(Window("bold", bold)), "ece")
    assert ece.flagged
    assert ece.effect > ece.statistic >= 0.02
    assert not pooled(calibration(honest), "ece").flagged


def test_skill_that_is_lost_on_the_line_is_flagged_and_skill_that_is_won_is_not():
    good, poor = window("good", n=8000), window("poor", n=8000, seed=2, foretold=(0.30, 0.30, 0.40))
    lost, won = pooled(skill(good, poor), "closing line"), pooled(skill(poor, good), "closing line")
    assert lost.flagged
    assert not won.flagged
    assert lost.effect == pytest.approx(-won.effect)
    assert lost.effect < -SKILL_LOST


def drawn_from(each: Window) -> Matches:
    line = market_line(each.matches, "market_closing").to_numpy()
    return Matches.of(each.matches[PROBABILITIES].to_numpy(), line, each.matches["kickoff"])


def test_seasons_in_which_nothing_changes_raise_an_alarm_in_at_most_one_of_a_hundred():
    """Forty weekly looks, and all detectors together."""
    found = alarms(drawn_from(window("usual", n=1200)), 200)
    assert np.logical_or.reduce([each.any(axis=1) for each in found.values()]).mean() <= 0.01


@pytest.mark.parametrize("home_wins", [False, True])
def test_the_seasons_that_are_simulated_are_judged_as_drift_judges_them(home_wins):
    matches, chance = drawn_from(window("usual", n=3000)), np.random.default_rng(9)
    seasons = [draw(matches, LOOKS, chance) for _ in range(4)]
    if home_wins:
        seasons[0] = replace(seasons[0], outcome=np.where(np.arange(len(seasons[0].week)) % 5, 0, 2))
    simulated = judge(*(lambda now, mix, *before: (now, before, mix))(*(weekly(matches, s, LOOKS) for s in seasons)))
    starts = ("2023-08-07", "2018-08-06", "2021-08-02", "2022-08-01")
    now, mix, *before = (as_window(matches, each, start) for each, start in zip(seasons, starts, strict=True))
    reference = Window("before", pd.concat([each.matches for each in before], ignore_index=True))
    found = [*outcome_mix(mix, now), *calibration(now), *skill(reference, now)]
    flagged = {(each.kind, each.subject == "ece") for each in found if each.flagged and each.league == "all"}
    kinds = [("outcome_mix", False), ("calibration", False), ("calibration", True), ("skill", False)]
    assert [each in flagged for each in kinds] == [raised[-1] for raised in simulated.values()]
    assert any(raised[-1] for raised in simulated.values()) == home_wins


def test_months_are_shown_and_never_tested():
    found = skill(window("before"), window("now", seed=2, foretold=(0.30, 0.30, 0.40)))
    months = [each for each in found if each.subject != "closing line"]
    assert [each.subject for each in months][:2] == ["2023-08", "2023-09"]
    assert sum(each.n_current for each in months) == 4000
    assert all(each.effect < 0 and each.p is None and not each.flagged for each in months)


def test_matches_without_a_forecast_or_a_price_are_in_no_test_of_either():
    now = window("now")
    now.matches.loc[:999, PROBABILITIES] = np.nan
    now.matches.loc[3000:, "closing_odds_home"] = np.nan
    assert pooled(prediction_drift(now, now), "p_home").n_current == 3000
    assert pooled(calibration(now), "home").n_current == 3000
    assert pooled(skill(now, now), "closing line").n_current == 2000


@pytest.mark.parametrize("n", [0, 1, LEAST_MATCHES - 1])
def test_of_a_few_matches_nothing_is_said(n):
    many, few = window("many"), window("few", n=n)
    for before, now in ((many, few), (few, many), (few, few)):
        found = [*outcome_mix(before, now), *prediction_drift(before, now), *skill(before, now)]
        assert [each for each in found if each.p is not None and each.league == "all"] == []
        assert not any(each.flagged for each in found)
    assert calibration(few) == []


@pytest.mark.real_data
def test_the_real_2020_21_is_flagged_and_2022_23_and_2024_25_are_quiet(data_dir):
    def season(code: str) -> Window:
        rows = []
        for league in MAIN_LEAGUES:
            body = (data_dir / "site" / "mmz4281" / code / f"{league}.csv").read_bytes().decode("latin-1")
            results = [row["FTR"] for row in csv.DictReader(io.StringIO(body)) if row.get("FTR")]
            rows += [{"league": league, "outcome": "HDA".index(result)} for result in results]
        return Window(code, pd.DataFrame(rows))

    reference = season("1819")
    found = {code: outcome_mix(reference, season(code)) for code in ("2021", "2223", "2425")}
    p = {code: pooled(each, "outcome").p for code, each in found.items()}
    assert p == {
        "2021": pytest.approx(9.2e-6, rel=0.01),
        "2223": pytest.approx(0.561, abs=0.001),
        "2425": pytest.approx(0.758, abs=0.001),
    }
    assert {code: pooled(each, "outcome").flagged for code, each in found.items()} == {
        "2021": True,
        "2223": False,
        "2425": False,
    }
    assert {len(each) for each in found.values()} == {1 + len(MAIN_LEAGUES)}
