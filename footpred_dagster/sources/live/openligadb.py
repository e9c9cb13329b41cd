"""OpenLigaDB: scores of the German leagues, kept by volunteers, no key. Not run against the real host.

``getlastchangedate/{bl1}/{2024}/{matchday}``: a timestamp as a JSON string; asked first, so that an unchanged matchday
costs one short request. ``getmatchdata/{bl1}/{2024}/{matchday}``: a list of {matchID, matchDateTimeUTC, team1 and team2
{teamId, teamName, shortName}, lastUpdateDateTime, matchIsFinished, matchResults [{resultTypeID 1 half time, 2 full
time, pointsTeam1, pointsTeam2}], goals [{matchMinute, scoreTeam1, scoreTeam2}]}. Field names are read whatever their
case.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import Source, SourceUnavailable
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.live.base import LiveScore, Status, ask, goals, instant, read_all, text

NAME = "openligadb"
URL = "https://api.openligadb.de"
SHORTCUTS = {"D1": "bl1", "D2": "bl2"}
HALF_TIME, FULL_TIME = 1, 2
RETRY_BUDGET = 10.0
"""Seconds: who looks at live scores does not wait minutes for them."""


def _now() -> datetime:
    return datetime.now(UTC)


class OpenLigaDb:
    """One matchday of one league. ``now`` tells what has kicked off."""

    name = NAME

    def __init__(
        self,
        league: str,
        season: Season,
        matchday: int,
        *,
        site: Source | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        if league not in SHORTCUTS:
            raise ValueError(f"{league} is not at OpenLigaDB: it has {', '.join(SHORTCUTS)}")
        self._league = league
        self._place = f"{SHORTCUTS[league]}/{season.start}/{matchday}"
        self._site = site or HttpSource(URL, name=NAME, retry_budget=RETRY_BUDGET)
        self._now = now
        self._changed: str | None = None
        self._entries: Any = None

    def close(self) -> None:
        self._site.close()

    def scores(self) -> list[LiveScore]:
        changed = ask(self._site, f"getlastchangedate/{self._place}")
        if not isinstance(changed, str):
            raise SourceUnavailable(f"{NAME}: no date of the last change: the format changed")
        if changed != self._changed:
            self._entries = ask(self._site, f"getmatchdata/{self._place}")
            self._changed = changed  # only now: a failed request is asked again
        return read_all(self._entries, self._read, NAME)

    def _read(self, entry: dict[str, Any]) -> LiveScore:
        kickoff = instant(entry["matchdatetimeutc"])
        results = {result["resulttypeid"]: _points(result) for result in entry.get("matchresults") or []}
        scored = [(goals(goal["scoreteam1"]), goals(goal["scoreteam2"])) for goal in entry.get("goals") or []]
        status: Status = "scheduled"
        score: tuple[int | None, int | None] = (None, None)
        if entry.get("matchisfinished"):
            status, score = "finished", results.get(FULL_TIME, (None, None))
        elif kickoff <= self._now():
            # Goals come in any order, and a full-time result may be entered before the match is closed.
            so_far = max(scored, key=lambda pair: (pair[0] or 0) + (pair[1] or 0), default=(0, 0))
            status, score = "live", results.get(FULL_TIME, so_far)
        half_time = results.get(HALF_TIME, (None, None))
        updated = entry.get("lastupdatedatetime")
        return LiveScore(
            *(NAME, str(entry["matchid"]), self._league, kickoff),
            *(text(entry["team1"]["teamname"]), text(entry["team2"]["teamname"]), status),
            *score,
            *half_time,
            # Local German time without an offset, and so of no use as an instant, unless it says otherwise.
            instant(updated) if isinstance(updated, str) and ("+" in updated or updated.endswith("Z")) else None,
        )


def _points(result: dict[str, Any]) -> tuple[int | None, int | None]:
    return goals(result["pointsteam1"]), goals(result["pointsteam2"])
