"""Matches, teams and leagues, as the marts have them."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from serving.schemas.predictions import Model
from serving.schemas.problem import Team


class Match(Struct, frozen=True):
    """``status``: fixture (to be played), played, awarded (decided without play), or void (it does not count).

    Goals are null until there is a result. ``status_decided_by``: source, rule, list or user. ``ruling``: why it was
    awarded or annulled, where that is known.
    """

    match_id: str
    league: str
    season: str
    match_date: date
    kickoff: datetime
    kickoff_known: bool
    status: str
    home: Team
    away: Team
    home_goals: int | None
    away_goals: int | None
    status_decided_by: str
    ruling: str | None


class MatchPage(Struct, frozen=True):
    """``next``: cursor of the page after this one, null on the last."""

    items: list[Match]
    next: str | None
    data_age_seconds: int | None


class Form(Struct, frozen=True):
    """Of its last five matches: results, oldest first, and means a match."""

    results: str
    points: float | None
    goals_for: float | None
    goals_against: float | None
    latest_match: date


class TeamAnswer(Struct, frozen=True):
    """``league`` and ``season`` it played last. ``elo``: rating after its latest match. Matches are newest first."""

    id: str
    name: str
    display_name: str
    city: str | None
    country: str
    league: str
    season: str
    first_season: str
    matches: int
    elo: float | None
    form: Form | None
    recent: list[Match]
    upcoming: list[Match]
    data_age_seconds: int | None


class ProjectedTeam(Struct, frozen=True):
    """``positions``: chance of each place, first to last. ``zones``: chances of title, relegation and the like."""

    team: Team
    place: int
    played: int
    points: int
    expected_points: float
    points_sd: float
    positions: list[float]
    zones: dict[str, float]


class Projection(Struct, frozen=True):
    """Where simulated seasons end that go on from the results up to ``results_to``."""

    league: str
    season: str
    results_to: datetime
    label: str
    simulations: int
    model: Model
    as_of: datetime
    teams: list[ProjectedTeam]
    disclaimer: str
    data_age_seconds: int | None


class TableLine(Struct, frozen=True):
    """A club's line. ``position``: by the rules of the season, shared by clubs they leave level.

    ``points``: those won, with ``points_adjustment`` (rulings) and ``points_halved`` (at a split that halves them).
    ``phase``: group of the second phase. ``zone``: what the place is worth - title, promotion, relegation and the like.
    """

    position: int
    team: Team
    played: int
    won: int
    drawn: int
    lost: int
    goals_for: int
    goals_against: int
    goal_difference: int
    points: int
    points_won: int
    points_adjustment: int
    points_halved: int
    phase: str | None
    zone: str | None


class PointsAdjustment(Struct, frozen=True):
    """Points a ruling gave a club or took from it (negative), counted from ``effective_on`` on."""

    team: Team
    points: int
    effective_on: date
    reason: str
    source: str


class Table(Struct, frozen=True):
    """``table_date``: day of the latest result. ``is_final``: a later season has begun."""

    league: str
    season: str
    table_date: date
    is_final: bool
    lines: list[TableLine]
    adjustments: list[PointsAdjustment]
    data_age_seconds: int | None = None
