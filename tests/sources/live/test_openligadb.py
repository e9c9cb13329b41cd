"""OpenLigaDB as its format is described: what a match becomes, and that an unchanged matchday is not fetched again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.live.base import LiveScore
from footpred_dagster.sources.live.openligadb import OpenLigaDb
from tests.support.scripted_site import Answer

KICKOFF = datetime(2024, 8, 23, 18, 30, tzinfo=UTC)
MATCH: dict[str, Any] = {
    "matchID": 72216,
    "matchDateTimeUTC": "2024-08-23T18:30:00Z",
    "team1": {"teamId": 87, "teamName": "Borussia Mönchengladbach", "shortName": "Gladbach"},
    "team2": {"teamId": 6, "teamName": "Bayer Leverkusen", "shortName": "Leverkusen"},
    "lastUpdateDateTime": "2024-08-23T22:35:00.5",
    "matchIsFinished": False,
    "matchResults": [],
    "goals": [],
}
HALF = {"resultTypeID": 1, "pointsTeam1": 0, "pointsTeam2": 2}
FULL = {"resultTypeID": 2, "pointsTeam1": 2, "pointsTeam2": 3}


def answer(value: Any) -> Answer:
    return Answer(body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def live(site):
    """A source whose clock stands an hour after kickoff."""
    http = HttpSource(site.url, retry_budget=0, timeout=2)
    source = OpenLigaDb("D1", Season(2024), 1, site=http, now=lambda: KICKOFF + timedelta(hours=1))
    yield source
    source.close()


def scores(site, live, *matches: dict[str, Any]) -> list[LiveScore]:
    site.script = [answer("2024-08-23T22:35:00.5"), answer(list(matches))]
    return live.scores()


def test_a_finished_match(site, live):
    match = MATCH | {"matchIsFinished": True, "matchResults": [FULL, HALF]}
    assert scores(site, live, match) == [
        LiveScore(
            *("openligadb", "72216", "D1", KICKOFF, "Borussia Mönchengladbach", "Bayer Leverkusen", "finished"),
            *(2, 3, 0, 2, None),
        )
    ]


def test_a_match_in_play_has_the_score_of_its_last_goal_whatever_their_order(site, live):
    goals = [
        {"matchMinute": 38, "scoreTeam1": 0, "scoreTeam2": 2},
        {"matchMinute": 12, "scoreTeam1": 0, "scoreTeam2": 1},
    ]
    (score,) = scores(site, live, MATCH | {"goals": goals, "matchResults": [HALF]})
    assert (score.status, score.home_goals, score.away_goals, score.ht_away_goals) == ("live", 0, 2, 2)


def test_a_match_in_play_without_goals_is_nil_nil_and_one_to_come_has_no_score(site, live):
    later = MATCH | {"matchID": 2, "matchDateTimeUTC": "2024-08-24T13:30:00Z"}
    playing, coming = scores(site, live, later, MATCH)
    assert (playing.status, playing.home_goals, playing.away_goals) == ("live", 0, 0)
    assert (coming.status, coming.home_goals, coming.away_goals) == ("scheduled", None, None)


def test_field_names_are_read_whatever_their_case(site, live):
    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name[0].upper() + name[1:]: renamed(item) for name, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    match = MATCH | {"matchIsFinished": True, "matchResults": [HALF, FULL]}
    assert scores(site, live, renamed(match)) == scores(site, live, match)


def test_an_unchanged_matchday_is_not_fetched_again(site, live):
    (before,) = scores(site, live, MATCH)
    site.script = [answer("2024-08-23T22:35:00.5"), answer([])]
    assert live.scores() == [before]
    assert [path for path, _ in site.asked] == [
        "/getlastchangedate/bl1/2024/1",
        "/getmatchdata/bl1/2024/1",
        "/getlastchangedate/bl1/2024/1",
    ]
    site.script = [answer("2024-08-23T22:36:00"), answer([MATCH | {"goals": [{"scoreTeam1": 1, "scoreTeam2": 0}]}])]
    assert [score.home_goals for score in live.scores()] == [1]


def test_a_change_whose_matches_did_not_arrive_is_asked_for_again(site, live):
    site.script = [answer("2024-08-23T22:35:00"), Answer(status=404)]
    with pytest.raises(SourceUnavailable, match="HTTP 404"):
        live.scores()
    assert len(scores(site, live, MATCH)) == 1


def test_a_match_that_cannot_be_read_costs_only_itself(site, live, caplog):
    broken = [MATCH | {"team1": None}, MATCH | {"goals": [{"scoreTeam1": "one", "scoreTeam2": 0}]}, "no match"]
    assert len(scores(site, live, *broken, MATCH)) == 1  # type: ignore[arg-type]
    assert len(caplog.records) == 3


@pytest.mark.parametrize("body", [b"<html></html>", b"[" * 50_000, b"{}", b"17"])
def test_another_format_is_said_to_be_one(site, live, body):
    site.script = [Answer(body=body)]
    with pytest.raises(SourceUnavailable, match=r"not JSON|the format changed"):
        live.scores()


def test_a_league_it_does_not_have_is_refused_before_anything_is_asked():
    with pytest.raises(ValueError, match="it has D1, D2"):
        OpenLigaDb("E0", Season(2024), 1)
