"""What a parsed file is made of. Field order is the column order of the raw tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import NamedTuple

from footpred_dagster.sources.parsing.tabular import JSON


class RawMatch(NamedTuple):
    """One scored or void match, exactly as the file says, typed.

    line: physical line in the file, from 1. kickoff_time: UK local clock. Goals are both None for a void match
    (abandoned, unplayed). Odds are decimal averages over bookmakers: opening, and at kickoff (close). looks_awarded:
    the row alone lacks what its file has of every match that was played (``sources.awarded``).
    """

    line: int
    match_date: date
    kickoff_time: time | None
    home: str
    away: str
    home_goals: int | None
    away_goals: int | None
    ht_home_goals: int | None
    ht_away_goals: int | None
    home_shots: int | None
    away_shots: int | None
    home_shots_on_target: int | None
    away_shots_on_target: int | None
    home_fouls: int | None
    away_fouls: int | None
    home_corners: int | None
    away_corners: int | None
    home_yellows: int | None
    away_yellows: int | None
    home_reds: int | None
    away_reds: int | None
    avg_h: float | None
    avg_d: float | None
    avg_a: float | None
    avg_close_h: float | None
    avg_close_d: float | None
    avg_close_a: float | None
    looks_awarded: bool = False


class RawFixture(NamedTuple):
    """One announced match with its opening average odds, as the file says; the league label can be wrong for days."""

    line: int
    league: str
    match_date: date
    kickoff_time: time | None
    home: str
    away: str
    avg_h: float | None
    avg_d: float | None
    avg_a: float | None


class Quarantined(NamedTuple):
    """What was not believed. ``dropped``: the whole row; otherwise only the value, and the match is kept.

    A dropped row has exactly one such record with ``dropped`` set, so that counts reconcile.
    """

    line: int
    column: str | None
    reason: str
    value: str | None
    dropped: bool


@dataclass(slots=True)
class ParsedFile:
    """A results file. ``rows_read`` in facts = matches + dropped records + ``duplicate_rows``."""

    matches: list[RawMatch]
    quarantined: list[Quarantined]
    facts: dict[str, JSON] = field(default_factory=dict)


@dataclass(slots=True)
class ParsedFixtures:
    """The fixtures file. ``rows_read`` = fixtures + dropped records + ``duplicate_rows`` + ``other_league_rows``."""

    fixtures: list[RawFixture]
    quarantined: list[Quarantined]
    facts: dict[str, JSON] = field(default_factory=dict)
