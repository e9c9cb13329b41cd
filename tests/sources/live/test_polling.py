"""Live scores are polled while something is played, and the last word of a source that falls silent stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.live.base import LiveScore
from footpred_dagster.sources.live.polling import in_play, poll
from tests.support.sealed import live


@pytest.fixture
def now() -> datetime:
    """Of the test, not of its collection: a live prediction is sealed within ten minutes of its as_of."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def kickoff(now) -> datetime:
    return now + timedelta(minutes=5)


@pytest.fixture
def season(now) -> Season:
    return Season.containing(now.date())


@pytest.fixture
def served(warehouse, now, kickoff, season):
    """A match of D1 that begins in five minutes; each of its clubs has played twice this season."""
    seal(warehouse, [live(as_of=now, kickoff=kickoff)])
    warehouse.execute(
        """
        insert into predictions.served (match_id, seq, league, season, kickoff, kickoff_known, home_id, home_name,
            away_id, away_name, kind, model_name, model_version, as_of, latest_input, sealed_at, p_home, p_draw, p_away)
        select 'm1', 1, 'D1', %s, %s, true, 'a', 'A', 'b', 'B', 'live', 'stack', 1, as_of, latest_input, sealed_at,
            p_home, p_draw, p_away from predictions.ledger
        """,
        [str(season), kickoff],
    )
    for line, pair in enumerate((("A", "C"), ("B", "A"), ("D", "B"))):
        warehouse.execute(
            "insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, "
            "away_goals) values ('x', 'D1', %s, %s, %s, %s, %s, 1, 0)",
            [str(season), line, now.date(), *pair],
        )
    return warehouse


class Scripted:
    """A source that says what it is told to say."""

    name = "scripted"

    def __init__(self, kickoff: datetime, goals: int | None) -> None:
        self.kickoff = kickoff
        self.goals = goals
        self.closed = False

    def scores(self) -> list[LiveScore]:
        if self.goals is None:
            raise SourceUnavailable("HTTP 503")
        return [
            LiveScore("scripted", "7", "D1", self.kickoff, "A", "B", "live", self.goals, 0, None, None, self.kickoff)
        ]

    def close(self) -> None:
        self.closed = True


def told(warehouse) -> list[tuple]:
    return warehouse.execute("select home, home_goals, status from serving.live_scores").fetchall()


def test_the_league_in_play_is_asked_for_with_its_matchday(served, now, kickoff, season):
    assert in_play(served, now) == [("D1", season, 3)]
    assert in_play(served, kickoff + timedelta(hours=2)) == [("D1", season, 3)]


@pytest.mark.parametrize("after", [timedelta(minutes=-16), timedelta(hours=3, minutes=1)])
def test_nobody_is_asked_when_nothing_is_played(served, kickoff, after):
    def opener(*_: object) -> list[Scripted]:
        raise AssertionError("asked")

    assert poll(served, opener, kickoff + after) == {}


def test_scores_are_kept_and_stay_when_the_source_falls_silent(served, now, kickoff):
    source = Scripted(kickoff, 2)
    assert poll(served, lambda *_: [source], now) == {"D1 scripted": "1 matches"}
    assert told(served) == [("A", 2, "live")]
    assert source.closed
    assert poll(served, lambda *_: [Scripted(kickoff, None)], now) == {"D1 scripted": "HTTP 503"}
    assert told(served) == [("A", 2, "live")]
    assert served.execute("select problem from serving.live_polls").fetchone() == ("HTTP 503",)
