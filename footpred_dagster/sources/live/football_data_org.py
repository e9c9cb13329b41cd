"""football-data.org v4: scores with a free token, sent in the header X-Auth-Token. Not run against the real host.

``/v4/competitions/{PL}/matches``: {"matches": [{id, utcDate, status SCHEDULED | TIMED | IN_PLAY | PAUSED | FINISHED |
POSTPONED | SUSPENDED | CANCELLED | AWARDED, matchday, homeTeam and awayTeam {name}, score {fullTime {home, away},
halfTime {home, away}}, lastUpdated}]}. Field names are read whatever their case.
"""

from __future__ import annotations

from typing import Any

from footpred_dagster.sources.clients.base import Source, SourceUnavailable
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.live.base import LiveScore, Status, ask, goals, instant, read_all, text

NAME = "football-data.org"
URL = "https://api.football-data.org"
TOKEN_HEADER = "X-Auth-Token"  # noqa: S105 - the header's name
PAUSE = 6.5
"""Seconds between requests: a free token may ask ten times a minute."""
RETRY_BUDGET = 10.0

COMPETITIONS = {
    "E0": "PL",
    "E1": "ELC",
    "D1": "BL1",
    "I1": "SA",
    "SP1": "PD",
    "F1": "FL1",
    "N1": "DED",
    "P1": "PPL",
    "BRA": "BSA",
}
"""What a free token sees of our leagues, by our code; only PL is known from a description, the others from memory."""

STATUSES: dict[str, Status] = {
    "SCHEDULED": "scheduled",
    "TIMED": "scheduled",
    "IN_PLAY": "live",
    "PAUSED": "live",
    "FINISHED": "finished",
    "POSTPONED": "postponed",
    "SUSPENDED": "suspended",
    "CANCELLED": "cancelled",
    "AWARDED": "awarded",
}


class FootballDataOrg:
    """One competition. The token lives in the connection's headers and is in no message and no repr."""

    name = NAME

    def __init__(self, league: str, token: str, *, url: str = URL, site: Source | None = None) -> None:
        if league not in COMPETITIONS:
            raise ValueError(f"{league} is not at football-data.org: it has {', '.join(COMPETITIONS)}")
        self._league = league
        self._site = site or HttpSource(
            url, name=NAME, headers={TOKEN_HEADER: token}, pause=PAUSE, retry_budget=RETRY_BUDGET
        )

    def close(self) -> None:
        self._site.close()

    def scores(self) -> list[LiveScore]:
        answer = ask(self._site, f"v4/competitions/{COMPETITIONS[self._league]}/matches")
        if not isinstance(answer, dict):
            raise SourceUnavailable(f"{NAME}: no object with matches: the format changed")
        return read_all(answer.get("matches"), self._read, NAME)

    def _read(self, entry: dict[str, Any]) -> LiveScore:
        score = entry.get("score") or {}
        updated = entry.get("lastupdated")
        return LiveScore(
            *(NAME, str(entry["id"]), self._league, instant(entry["utcdate"])),
            *(text(entry["hometeam"]["name"]), text(entry["awayteam"]["name"]), STATUSES[entry["status"]]),
            *_pair(score.get("fulltime")),
            *_pair(score.get("halftime")),
            instant(updated) if updated else None,
        )


def _pair(half: dict[str, Any] | None) -> tuple[int | None, int | None]:
    return (goals(half.get("home")), goals(half.get("away"))) if half else (None, None)
