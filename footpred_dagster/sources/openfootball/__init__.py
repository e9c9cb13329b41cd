"""openfootball's football.json (CC0): whole seasons with kickoffs, and a second opinion on results. Off by default.

``{base}/{yyyy-yy}/{cc}.{n}.json``, one division and season per file:
``{"name": ..., "matches": [{"round", "date": "YYYY-MM-DD", "time"?: "HH:MM", "team1", "team2",
"score": {"ht": [h, a], "ft": [h, a]} | {}, "status"?: "cancelled" | "awarded" | "postponed" | "abandoned"}]}``.

Times are the league's own clock, not the UK's: in seven files of England, Scotland, Germany, Spain and France they lie
0 or 60 minutes after football-data.co.uk's on 2 253 of 2 259 matches. Its clubs are spelled otherwise ("Liverpool FC");
team_aliases.csv names them. Its rows have tables of their own and never train a model.
"""

from __future__ import annotations

import re

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.fetching.fetch import Target

SITE_NAME = "openfootball"
SITE_URL = "https://raw.githubusercontent.com/openfootball/football.json/master"

FIRST_SEASON = 2010

FILES = {
    "E0": "en.1",
    "E1": "en.2",
    "E2": "en.3",
    "E3": "en.4",
    "SC0": "sco.1",
    "D1": "de.1",
    "D2": "de.2",
    "I1": "it.1",
    "I2": "it.2",
    "SP1": "es.1",
    "SP2": "es.2",
    "F1": "fr.1",
    "F2": "fr.2",
    "N1": "nl.1",
    "B1": "be.1",
    "P1": "pt.1",
    "T1": "tr.1",
    "G1": "gr.1",
}
"""File name by league code. Seen: the first divisions of England, Scotland, Germany, Spain and France; the others
follow the rule, and a file that is not there is a 404, which is no failure."""


def schedule_target(league: str, season: Season) -> Target:
    """Where a season lies, under a key of its own: ``openfootball|E0|2024-25``."""
    return Target(f"{SITE_NAME}|{league}|{season}", f"{season}/{FILES[league]}.json")


def parse_schedule_path(path: str) -> tuple[str, Season] | None:
    """League and season of a file of openfootball's; None for any other path."""
    season, _, file = path.partition("/")
    league = next((code for code, name in FILES.items() if file == f"{name}.json"), None)
    return (league, Season.stored(season)) if league and re.fullmatch(r"\d{4}-\d{2}", season) else None
