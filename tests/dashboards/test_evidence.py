"""Once sealed predictions are scored, seasons projected and bets settled, pages show those."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import panel as pn
import psycopg
import pytest
from bokeh.models import ColumnDataSource
from psycopg.types.json import Jsonb

import dashboards
from dashboards.data import record
from dashboards.data.models import honest_number
from dashboards.pages import PAGES
from dashboards.reader import Reader
from footpred_dagster.core.live_scores import COLUMNS, store
from tests.dashboards.test_pages import text, view
from tests.support import dashboard
from tests.support.dashboard import NASTY, insert

SCORES = {"n": 400, "se": 0.01, "rps": 0.2, "brier": 0.6, "accuracy": 0.5}
AGAINST = {"against": -0.012, "against_low": -0.02, "against_high": -0.004}
ROOT = Path(dashboards.__file__).parent


@pytest.fixture
def evident(database_url):
    """A reader of the small world and of everything that comes later."""
    with psycopg.connect(database_url, prepare_threshold=None) as connection:
        dashboard.build(connection)
        for slice_, value in (("all", "all"), ("league", "E0"), ("season", "2024-25"), ("lead", "a day")):
            for model, loss, against in (("champion", 0.99, {}), ("market_closing", 0.978, AGAINST)):
                row = {"kind": "live", "model": model, "slice": slice_, "value": value, "log_loss": loss}
                interval = {"weeks": 6, "low": loss - 0.02, "high": loss + 0.02}
                insert(connection, "predictions.track_record", row | SCORES | interval | against)
        gap = {"model": "stack", "against": "market_closing", "window": "final", "n": 700, "se": 0.004}
        bounds = {"weeks": 40, "difference": -0.009, "low": -0.017, "high": -0.001}
        insert(connection, "models.comparisons", gap | bounds | {"league": "E0"})
        few = {"weeks": 5, "difference": -0.003, "se": None, "low": None, "high": None}
        insert(connection, "models.comparisons", gap | few | {"league": "D1"})
        insert(connection, "models.comparisons", gap | few | {"league": "all"})
        insert(connection, "models.reliability", {"model": "stack", "window": "final", "bin": 3, "n": 90,
               "predicted": 0.35, "observed": 0.4, "low": 0.3, "high": 0.5})  # fmt: skip
        insert(connection, "predictions.reliability", {"kind": "live", "model": "champion", "bin": 3, "n": 90,
               "predicted": 0.35, "observed": 0.4, "low": 0.3, "high": 0.5})  # fmt: skip
        for edge, roi in ((0.0, -0.05), (0.2, -0.123)):
            insert(connection, "predictions.market_roi", {
                "model": "stack", "line": "closing", "edge": edge, "slice": "all", "value": "all", "matches": 100,
                "bets": 80, "staked": 80.0, "profit": 80 * roi, "roi": roi, "roi_low": roi - 0.1, "roi_high": roi + 0.1,
                "max_drawdown": 9.0, "kelly_staked": 1.0, "kelly_profit": -0.1})  # fmt: skip
        moment = datetime(2024, 9, 15, 14, tzinfo=UTC)
        for place, (team, name) in enumerate(dashboard.CLUBS.items(), 1):
            insert(connection, "predictions.projections", {
                "league": "E0", "season": "2024-25", "results_to": moment, "team_id": team, "team_name": name,
                "place": place, "played": 3, "points": 7, "adjustment": 0, "expected_points": 80.0 - place,
                "points_sd": 5.0, "positions": [0.7, 0.1, 0.1, 0.1],
                "zones": Jsonb({"title": 0.7, "relegation": 0.004}), "label": "final table", "simulations": 10000,
                "model_name": "stack", "model_version": 1, "as_of": moment})  # fmt: skip
        connection.commit()
    reader = Reader(lambda: database_url)
    yield reader
    reader.close()


def test_the_track_record_prefers_what_was_sealed_and_still_offers_backtests(evident):
    assert record.available(evident) == ["live", "final"]
    written = text(evident, "track-record")
    assert "No sealed prediction" not in written
    assert "0.9900" in written
    assert "In 1 of 1 bins" in written
    assert "1.0056" in text(evident, "track-record", {"evidence": "final"})


def test_the_honest_number_is_of_sealed_predictions_once_there_are_enough(evident):
    assert honest_number(evident).startswith("log-loss 0.9900 on 400 matches sealed before kickoff")


def test_gaps_to_the_closing_line_keep_their_sign_from_either_evidence(evident):
    (sealed,) = record.gaps_by_league(evident, "live")
    assert (sealed["gap"], sealed["low"], sealed["high"]) == (0.012, 0.004, 0.02)
    few, backtested = record.gaps_by_league(evident, "final")
    assert backtested == {"value": "E0", "gap": 0.009, "low": 0.001, "high": 0.017, "n": 700}
    assert few == {"value": "D1", "gap": 0.003, "low": None, "high": None, "n": 700}


def dots(parts: Sequence[object]) -> dict[str, dict[str, list[object]]]:
    """Data of the dots that charts of a page draw, by label."""
    plots = [
        pane.object for part in parts if isinstance(part, pn.viewable.Viewable) for pane in part.select(pn.pane.Bokeh)
    ]
    sources = [source.data for plot in plots for source in plot.select({"type": ColumnDataSource})]
    return {label: {name: data[name][place] for name in ("value", "low", "bounds")}
            for data in sources if "bounds" in data for place, label in enumerate(data["label"])}  # fmt: skip


def test_with_too_few_weeks_a_page_shows_the_figure_and_no_interval(evident):
    found = dots(PAGES["market"].content(view(evident, {"evidence": "final"})))
    assert found["England · Premier League"]["bounds"] == "0.0010 to 0.0170"
    assert found["D1"]["value"] == 0.003
    assert math.isnan(found["D1"]["low"])
    assert found["D1"]["bounds"] == "none: too few match weeks"
    sealed = dots(PAGES["track-record"].content(view(evident, {"evidence": "live"})))
    assert sealed["Champion"]["bounds"] == "0.9700 to 1.0100"
    backtested = dots(PAGES["track-record"].content(view(evident, {"evidence": "final"})))
    assert (backtested["Champion"]["value"], backtested["Champion"]["bounds"]) == (1.0056, "none: too few match weeks")


def test_pages_compute_no_interval_of_their_own():
    sources = "".join(path.read_text() for path in ROOT.rglob("*.py"))
    assert not re.search(r"core\.(comparison|calibration_curve|metrics)|1\.96|wilson|quantile|\bstd\(", sources)


def test_the_market_page_tells_what_betting_lost(evident):
    written = text(evident, "market")
    assert "\u221212.3%" in written
    assert "Past bets, no advice" in written


def test_the_league_page_shows_how_the_season_may_end(evident):
    written = text(evident, "league")
    assert "10\u202f000 seasons simulated" in written
    assert "70%" in written
    assert "&lt;1%" in written
    assert NASTY not in written


def test_data_health_tells_what_drifted_and_before_the_first_look_that_nobody_looked(evident, database_url):
    assert "Not computed yet" in text(evident, "data-health")
    with psycopg.connect(database_url) as connection:
        insert(connection, "monitoring.drift", {
            "as_of": datetime(2021, 7, 1, tzinfo=UTC), "kind": "outcome_mix", "subject": "outcome", "league": "all",
            "reference": "2018-19", "current": "2020-21", "n_reference": 7000, "n_current": 7100, "statistic": 23.2,
            "effect": 0.04, "p": 9e-6, "p_adjusted": 9e-6, "flagged": True, "says": "fewer home wins"})  # fmt: skip
        insert(connection, "monitoring.drift_runs", {
            "as_of": datetime(2021, 7, 1, tzinfo=UTC), "current": "2020-21", "reference": "2018-20",
            "mix_reference": "2018-19", "n_current": 7100, "findings": 1, "alarms": ["fewer home wins"],
            "report_sha256": "0" * 64})  # fmt: skip
    fresh = Reader(lambda: database_url)
    written = text(fresh, "data-health")
    fresh.close()
    assert "2020-21: fewer home wins" in written
    assert "drifted" in written


def test_data_health_tells_what_is_late_and_which_checks_failed(evident, database_url):
    now = datetime.now(UTC)
    with psycopg.connect(database_url) as connection:
        for asset, state, reason in (("raw/matches", "fresh", None), ("models/champion", "late", "was due on Monday")):
            insert(connection, "monitoring.asset_states", {
                "asset": asset, "state": state, "reason": reason, "materialized_at": now, "told_at": now})  # fmt: skip
        for name, passed in (("rows_reconcile", True), ("results_are_fresh", False)):
            insert(connection, "monitoring.check_states", {
                "asset": "raw/matches", "name": name, "severity": "WARN", "passed": passed, "evaluated_at": now,
            })  # fmt: skip
    fresh = Reader(lambda: database_url)
    written = text(fresh, "data-health")
    fresh.close()
    assert "1 of 2 fresh" in written
    assert "was due on Monday" in written
    assert "1 of 2 passed" in written
    assert "results_are_fresh" in written
    assert "rows_reconcile" not in written


@pytest.mark.fault(71, "a doubtful name is listed on the Data health page")
def test_data_health_lists_pending_clubs_with_the_command_that_decides(evident, database_url):
    assert "Every name means a club." in text(evident, "data-health")
    with psycopg.connect(database_url) as connection:
        insert(connection, "intermediate.club_names", {
            "country": "England", "season": "2024-25", "name": NASTY, "status": "pending", "why": "probably Bold",
            "nearest": Jsonb([["Bold", "bold"]]), "leagues": Jsonb(["E0"]), "first_day": date(2024, 8, 10),
            "matches": 2, "fixtures": 1})  # fmt: skip
    fresh = Reader(lambda: database_url)
    written = text(fresh, "data-health")
    fresh.close()
    assert "probably Bold" in written
    assert "2 matches, 1 fixtures" in written
    assert "--of bold" in written
    assert NASTY not in written


def test_scores_in_play_are_shown_with_their_age_and_a_source_that_fell_silent(evident, database_url):
    now = datetime.now(UTC)
    match = {"league": "D1", "kickoff": now, "home": "Alpha", "away": NASTY, "status": "live", "home_goals": 2}
    with psycopg.connect(database_url) as connection:
        store(connection, "openligadb", "D1", now, [dict.fromkeys(COLUMNS) | match | {
            "source": "openligadb", "source_id": "7", "away_goals": 1}])  # fmt: skip
        store(connection, "football-data.org", "D1", now, [], problem="HTTP 503")
    fresh = Reader(lambda: database_url)
    written = text(fresh, "livescores")
    fresh.close()
    assert "2\u2009:\u20091" in written
    assert "football-data.org does not answer for D1" in written
    assert NASTY not in written
