"""football-data.org as its format is described, its token, and which live sources are switched on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Settings, SettingsError
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.live.base import LiveScore
from footpred_dagster.sources.live.catalog import open_live
from footpred_dagster.sources.live.football_data_org import STATUSES, FootballDataOrg
from tests.support.scripted_site import Answer, Site

TOKEN = "planted-secret-0123"
MATCH: dict[str, Any] = {
    "id": 497410,
    "utcDate": "2024-08-16T19:00:00Z",
    "status": "FINISHED",
    "matchday": 1,
    "homeTeam": {"name": "Manchester United FC"},
    "awayTeam": {"name": "Fulham FC"},
    "score": {"fullTime": {"home": 1, "away": 0}, "halfTime": {"home": 0, "away": 0}},
    "lastUpdated": "2024-08-17T00:20:29Z",
}


@pytest.fixture
def live(site):
    source = FootballDataOrg("E0", TOKEN, url=site.url)
    yield source
    source.close()


def scores(site: Site, live: FootballDataOrg, *matches: Any) -> list[LiveScore]:
    site.script = [Answer(body=json.dumps({"matches": matches}).encode())]
    return live.scores()


def test_a_match_is_read_whole_and_the_token_goes_in_its_header(site, live):
    assert scores(site, live, MATCH) == [
        LiveScore(
            *("football-data.org", "497410", "E0", datetime(2024, 8, 16, 19, tzinfo=UTC)),
            *("Manchester United FC", "Fulham FC", "finished", 1, 0, 0, 0),
            datetime(2024, 8, 17, 0, 20, 29, tzinfo=UTC),
        )
    ]
    ((path, headers),) = site.asked
    assert (path, headers["x-auth-token"]) == ("/v4/competitions/PL/matches", TOKEN)


@pytest.mark.parametrize(("theirs", "ours"), STATUSES.items())
def test_every_status_is_known(site, live, theirs, ours):
    nothing = {"fullTime": {"home": None, "away": None}, "halfTime": {"home": None, "away": None}}
    (score,) = scores(site, live, MATCH | {"status": theirs, "score": nothing})
    assert (score.status, score.home_goals, score.ht_home_goals) == (ours, None, None)


def test_an_unknown_status_costs_only_its_match(site, live, caplog):
    assert len(scores(site, live, MATCH, MATCH | {"status": "MOVED"})) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=403, body=b'{"message": "The resource you are looking for is restricted."}'),
        Answer(status=302, headers={"Location": "http://127.0.0.2:9/v4"}),
        Answer(status=404),
        Answer(body=b"<html>"),
        Answer(body=b'{"error": 1}'),
    ],
)
def test_a_failure_names_its_cause_and_never_the_token(site, live, answer, caplog):
    site.script = [answer]
    with pytest.raises(SourceUnavailable) as caught:
        live.scores()
    said = f"{caught.value!r} {caught.value.__cause__!r} {live!r} {vars(live)} {caplog.text}"
    assert TOKEN not in said
    assert len(site.asked) == 1  # a redirect to another host would carry the token there


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"FOOTPRED_HOME": str(tmp_path)})


def test_nothing_is_on_by_default(settings):
    assert open_live(settings, "D1", Season(2024), 1) == []


def test_named_sources_are_opened_where_they_have_the_league(tmp_path):
    environment = {
        "FOOTPRED_HOME": str(tmp_path),
        "FOOTPRED_LIVE_SCORES": "openligadb, football-data.org",
        "FOOTPRED_FOOTBALL_DATA_ORG_TOKEN": TOKEN,
    }
    settings = Settings.from_env(environment)
    assert TOKEN not in repr(settings)
    opened = {league: open_live(settings, league, Season(2024), 1) for league in ("D1", "E0", "G1")}
    assert {league: [source.name for source in sources] for league, sources in opened.items()} == {
        "D1": ["openligadb", "football-data.org"],
        "E0": ["football-data.org"],
        "G1": [],
    }
    for sources in opened.values():
        for source in sources:
            source.close()


@pytest.mark.parametrize(("name", "said"), [("espn", "known are openligadb"), ("football-data.org", "_ORG_TOKEN too")])
def test_an_unknown_name_or_a_missing_token_is_explained(settings, name, said):
    with pytest.raises(SettingsError, match=said):
        open_live(replace(settings, live_scores=(name,)), "E0", Season(2024), 1)
