"""From one JSON file to typed rows; any bytes give rows that reconcile, or FileRefused."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.sources.parsing.quarantine import Dropped, Quarantine
from footpred_dagster.sources.parsing.records import Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused
from footpred_dagster.sources.parsing.values import MAX_GOALS, is_name, parse_time

PARSER_VERSION = "1"
"""Bump when the same bytes would give other rows: every stored file is then read again."""

ZONES = {
    "England": "Europe/London",
    "Scotland": "Europe/London",
    "Germany": "Europe/Berlin",
    "Italy": "Europe/Rome",
    "Spain": "Europe/Madrid",
    "France": "Europe/Paris",
    "Netherlands": "Europe/Amsterdam",
    "Belgium": "Europe/Brussels",
    "Portugal": "Europe/Lisbon",
    "Turkey": "Europe/Istanbul",
    "Greece": "Europe/Athens",
}
STATUSES = frozenset({"cancelled", "awarded", "postponed", "abandoned"})
MAX_MATCHES = 2000

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class ScheduledMatch(NamedTuple):
    """One match of the list; ``line`` is its place in it, from 1. Field order is that of raw.openfootball_matches.

    kickoff_time: the clock of ``zone``, None while open. kickoff: the same instant in UTC. Goals are None until played.
    """

    line: int
    round: str | None
    match_date: date
    kickoff_time: time | None
    zone: str
    kickoff: datetime | None
    home: str
    away: str
    home_goals: int | None
    away_goals: int | None
    ht_home_goals: int | None
    ht_away_goals: int | None
    status: str | None


class ParsedSchedule(NamedTuple):
    """``rows_read`` = matches + dropped records + ``duplicate_rows``."""

    matches: list[ScheduledMatch]
    quarantined: list[Quarantined]
    rows_read: int
    duplicate_rows: int


def parse_schedule(body: bytes, league: str, season: Season) -> ParsedSchedule:
    """Read ``<season>/<file>.json``; raises FileRefused (html, not_json, missing_column, empty, wrong_season)."""
    entries = _entries(body)
    zone = ZONES[LEAGUES[league].country]
    matches: dict[tuple[date, str, str], ScheduledMatch] = {}
    quarantine = Quarantine()
    duplicates = 0
    for line, entry in enumerate(entries, 1):
        try:
            match = _read(line, entry, season, zone, quarantine)
        except Dropped as refusal:
            quarantine.drop(line, *refusal.args)
            continue
        duplicates += matches.setdefault((match.match_date, match.home, match.away), match) is not match
    if not matches and any(item.reason == "date_outside_season" for item in quarantine.records):
        raise FileRefused("wrong_season", f"no match is of {season}")
    kept = list(matches.values())
    return ParsedSchedule(kept, quarantine.sorted({match.line for match in kept}), len(entries), duplicates)


def _entries(body: bytes) -> list[Any]:
    if body.lstrip()[:1] == b"<":
        raise FileRefused("html", "not JSON: an HTML page")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FileRefused("not_json", f"not JSON, or cut short: {str(error)[:80]}") from error
    entries = document.get("matches") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise FileRefused("missing_column", "no list of matches: the format changed", structural=True)
    if not 0 < len(entries) <= MAX_MATCHES:
        raise FileRefused("empty", f"{len(entries)} matches are no season")
    return entries


def _read(line: int, entry: Any, season: Season, zone: str, quarantine: Quarantine) -> ScheduledMatch:
    if not isinstance(entry, dict):
        raise Dropped(None, "no_match", str(entry))
    day = _date(entry.get("date"))
    if not season.holds(day):
        raise Dropped("date", "date_outside_season", str(day))
    home, away = _name(entry, "team1"), _name(entry, "team2")
    if home == away:
        raise Dropped("team2", "same_team", away)
    clock = entry.get("time")
    kickoff_time = parse_time(clock) if isinstance(clock, str) else None
    if clock is not None and kickoff_time is None:
        quarantine.note(line, "time", "bad_time", str(clock))
    status = entry.get("status")
    if status is not None and status not in STATUSES:
        quarantine.note(line, "status", "unknown_status", str(status))
        status = None
    score = entry.get("score") or {}
    if not isinstance(score, dict):
        raise Dropped("score", "bad_goals", str(score))
    kickoff = datetime.combine(day, kickoff_time, ZoneInfo(zone)).astimezone(UTC) if kickoff_time else None
    stage = entry.get("round")
    stage = stage if isinstance(stage, str) and is_name(stage) else None
    fields = (line, stage, day, kickoff_time, zone, kickoff, home, away, *_goals(score, "ft"), *_goals(score, "ht"))
    return ScheduledMatch._make((*fields, status))


def _date(value: Any) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Dropped("date", "impossible_date", str(value))


def _name(entry: dict[str, Any], column: str) -> str:
    name = entry.get(column)
    if not isinstance(name, str) or not is_name(name.strip()):
        raise Dropped(column, "bad_name", str(name))
    return name.strip()


def _goals(score: dict[str, Any], half: str) -> tuple[int, int] | tuple[None, None]:
    value = score.get(half)
    if value is None:
        return None, None
    if isinstance(value, list) and len(value) == 2 and all(type(g) is int and 0 <= g <= MAX_GOALS for g in value):
        return value[0], value[1]
    raise Dropped(half, "bad_goals", str(value))
