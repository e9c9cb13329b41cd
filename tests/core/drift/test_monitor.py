"""Drift in a real database: which matches are compared, whose forecasts count, what a look leaves behind."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.drift.monitor import alarms, monitor
from footpred_dagster.core.drift.windows import drift_cut, foretold_matches, windows_of
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.core.predictions.settlement import settle
from footpred_dagster.core.registry import promotions
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from footpred_dagster.core.training import train
from tests.support.features import judged_history
from tests.support.monitored import stored_history
from tests.support.sealed import replay

SUMMER = datetime(2025, 7, 1, tzinfo=UTC)
AUTUMN = datetime(2024, 10, 20, tzinfo=UTC)
KINDS = {"outcome_mix", "feature", "prediction", "calibration", "skill"}


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    return judged_history().sort_values(["kickoff", "match_id"], ignore_index=True)


@pytest.fixture
def played(connection: psycopg.Connection, history) -> psycopg.Connection:
    stored_history(connection, history)
    return connection


@pytest.fixture
def reigned(played, archive, history) -> psycopg.Connection:
    """With a champion by Elo, and what it predicts out of season."""
    fit = train.train(played, archive, "elo_logit", history, SUMMER)
    promotions.promote(played, fit.version, as_of=SUMMER, actor="test", because="somebody must")
    return played


def drift(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select * from monitoring.drift order by kind, subject, league, current").fetchall()


def with_home_wins(history: pd.DataFrame, season: str) -> pd.DataFrame:
    return history.assign(outcome=history["outcome"].mask(history["season"] == season, 0))


def test_a_whole_season_is_compared_with_the_two_before_and_its_outcomes_with_2018_19(history):
    windows = windows_of(history, SUMMER)
    assert (windows.current.label, len(windows.current.matches)) == ("2024-25", 150)
    assert (windows.reference.label, len(windows.reference.matches)) == ("2022-23, 2023-24", 300)
    assert (windows.mix_reference.label, len(windows.mix_reference.matches)) == ("2018-19", 150)
    assert [window.label for window in windows.history] == ["2019-20", "2020-21", "2021-22", "2022-23", "2023-24"]


def test_a_season_under_way_is_compared_with_as_many_matches_of_each_league_and_season(history):
    frame = history[history["kickoff"] < AUTUMN]
    windows = windows_of(frame, AUTUMN)
    assert windows.current.label == "2024-25 so far"
    so_far = windows.current.matches["league"].value_counts()
    for league, matches in windows.reference.matches.groupby("league"):
        for season, own in matches.groupby("season"):
            whole = frame[(frame["league"] == league) & (frame["season"] == season)]
            assert list(own.index) == list(whole.index[: so_far[league]])
    assert set(windows.reference.matches["league"]) <= set(so_far.index)
    assert len(windows.reference.matches) < 300


def test_leagues_that_do_not_play_now_are_in_no_reference(history):
    one = history[(history["season"] != "2024-25") | (history["league"] == "E0")]
    windows = windows_of(one, SUMMER)
    assert {*windows.reference.matches["league"], *windows.mix_reference.matches["league"]} == {"E0"}


def test_without_2018_19_outcomes_are_compared_with_the_seasons_before(history):
    windows = windows_of(history[history["season"] > "2020-21"], SUMMER)
    assert (windows.mix_reference.label, windows.history) == ("2022-23, 2023-24", ())
    assert windows_of(history[history["season"] == "2024-25"], SUMMER).reference.label == "none"
    assert windows_of(history[:0], SUMMER).current.label == "none"


def test_a_match_counts_with_what_was_sealed_live_else_out_of_season_else_replayed(reigned, history):
    season = history[history["season"] == "2024-25"]
    early = history[history["season"] == "2018-19"]

    def sealed(match_id: str, kickoff: datetime, **facts):
        return replay(match_id=match_id, kickoff=kickoff.to_pydatetime(), p_home=0.9, p_draw=0.06, p_away=0.04, **facts)

    seal(reigned, [sealed(row.match_id, row.kickoff) for row in (season.iloc[0], early.iloc[0])])
    seal(reigned, [sealed(early.iloc[1].match_id, early.iloc[1].kickoff, role="challenger")])
    settle(reigned, SUMMER)
    frame = foretold_matches(reigned, SUMMER).set_index("match_id")
    assert frame.loc[season.iloc[0].match_id, "source"] == "walk-forward"
    assert frame.loc[season.iloc[0].match_id, "p_home"] != 0.9
    assert frame.loc[early.iloc[0].match_id, ["source", *PROBABILITIES]].tolist() == ["replay", 0.9, 0.06, 0.04]
    assert frame.loc[early.iloc[1].match_id, "source"] == ""
    assert frame["source"].value_counts().to_dict() == {"walk-forward": 750, "": 299, "replay": 1}
    assert drift_cut(reigned, SUMMER).endswith("3 sealed predictions settled")
    assert drift_cut(reigned, AUTUMN) != drift_cut(reigned, SUMMER)


def test_a_look_replaces_the_findings_and_is_kept_with_its_report(reigned, archive):
    first = monitor(reigned, archive, SUMMER)
    rows = drift(reigned)
    assert {finding.kind for finding in first.findings} == {row[1] for row in rows} == KINDS
    assert len(rows) == len(first.findings)
    assert first.foretold == {"walk-forward": 150}
    again = monitor(reigned, archive, SUMMER)
    assert (again.sha256, drift(reigned)) == (first.sha256, rows)
    assert archive.get(first.sha256).decode() == first.report
    looks = reigned.execute("select current, n_current, findings, alarms, report_sha256 from monitoring.drift_runs")
    rung = [f"{each.kind} {each.subject}" for each in first.alarms]
    assert looks.fetchall() == [("2024-25", 150, len(rows), rung, first.sha256)] * 2
    with pytest.raises(psycopg.errors.RestrictViolation):
        reigned.execute("delete from monitoring.drift_runs")


def test_nothing_after_the_clock_is_read(reigned, archive):
    monitor(reigned, archive, AUTUMN)
    before = drift(reigned)
    later = "update {} where match_id in (select match_id from intermediate.int_matches where kickoff >= %s)"
    reigned.execute(later.format("features.fct_match_features set home_elo = 9"), [AUTUMN])
    reigned.execute(later.format("intermediate.int_matches set outcome = 2, season = '2024-25'"), [AUTUMN])
    monitor(reigned, archive, AUTUMN)
    assert drift(reigned) == before


def test_what_rings_is_of_the_newest_season_and_all_leagues(connection, archive, history):
    stored_history(connection, with_home_wins(history, "2024-25"))
    found = monitor(connection, archive, SUMMER)
    assert [each.subject for each in found.alarms] == ["outcome"]
    ((subject, effect, p, says),) = alarms(connection, "outcome_mix")
    assert (subject, says) == ("outcome", found.alarms[0].says)
    assert effect > 0.2
    assert p < 1e-6
    assert alarms(connection, "feature", "prediction") == alarms(connection, "calibration") == []


def test_a_season_that_was_odd_once_is_told_and_rings_no_more(connection, archive, history):
    stored_history(connection, with_home_wins(history, "2020-21"))
    found = monitor(connection, archive, SUMMER)
    assert [each.current for each in found.findings if each.flagged and each.kind == "outcome_mix"] == ["2020-21"]
    assert (found.alarms, alarms(connection, "outcome_mix")) == ([], [])


def test_without_a_champion_or_matches_there_is_less_to_tell_and_nothing_fails(played, archive):
    found = monitor(played, archive, SUMMER)
    assert {each.kind for each in found.findings if each.p is not None} == {"outcome_mix", "feature"}
    assert "Too few matches were foretold" in found.report
    nothing = monitor(played, archive, datetime(2010, 1, 1, tzinfo=UTC))
    assert all(each.p is None and not each.flagged for each in nothing.findings)
    assert "<h1>Drift: none</h1>" in nothing.report


class Outside(HTMLParser):
    """Collects what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in ("script", "link", "iframe") else []
        self.found += [value or "" for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_report_is_one_page_that_fetches_and_runs_nothing(reigned, archive, history):
    reigned.execute("update features.fct_match_features set season = '2024-25'")
    reader = Outside()
    reader.feed(monitor(reigned, archive, SUMMER + timedelta(days=1)).report)
    assert all(each.startswith("data:image/png;base64,") for each in reader.found)
    text = " ".join(reader.texts)
    assert "1,050 matches before 02 July 2025" in text
    assert not re.search(r"\bnan\b|None", text)
