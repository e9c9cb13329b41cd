"""Predictions: what is asked, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, convert

from footpred_dagster.core.domain.disclaimer import DISCLAIMER
from serving.schemas.problem import ProblemDetails, Team

BATCH_ITEMS = 1000
NO_NUL = r"^[^\x00]*$"
MatchId = Annotated[
    str,
    Meta(min_length=1, max_length=64, pattern=NO_NUL, description="Id of a match", examples=["57922350ae17bb73"]),
]
LeagueCode = Annotated[
    str, Meta(min_length=1, max_length=16, pattern=NO_NUL, description="Code of a league", examples=["E0"])
]
TeamName = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=NO_NUL, description="Id or name of a team", examples=["Arsenal"])
]
Instant = Annotated[datetime, Meta(tz=True, description="With an offset; still to come")]


class ByMatch(Struct, frozen=True, forbid_unknown_fields=True):
    """A match by its id: answered from the ledger."""

    match_id: MatchId


class ByTeams(Struct, frozen=True, forbid_unknown_fields=True):
    """Any pairing of two teams of a league: predicted on the spot and not sealed. Features are looked up here."""

    league: LeagueCode
    home: TeamName
    away: TeamName
    kickoff: Instant


Asked = ByMatch | ByTeams


class PredictRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either ``match_id`` alone, or ``league``, ``home``, ``away`` and ``kickoff``."""

    match_id: MatchId | None = None
    league: LeagueCode | None = None
    home: TeamName | None = None
    away: TeamName | None = None
    kickoff: str | None = None
    """A string until it is converted: the framework would take a number for seconds since 1970."""

    def __post_init__(self) -> None:
        pairing = (self.league, self.home, self.away, self.kickoff)
        given = [value is not None for value in pairing]
        if self.match_id is not None:
            if any(given):
                raise ValueError("match_id stands alone")
        elif not all(given):
            raise ValueError("give match_id, or league, home, away and kickoff")
        else:
            convert(self.kickoff, Instant)

    @property
    def asked(self) -> Asked:
        if self.match_id is not None:
            return ByMatch(self.match_id)
        assert self.league is not None
        assert self.home is not None
        assert self.away is not None
        assert self.kickoff is not None
        return ByTeams(self.league, self.home, self.away, convert(self.kickoff, Instant))


class BatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1 000 matches or pairings. One that is not as it should be fails alone."""

    items: Annotated[list[Any], Meta(min_length=1, max_length=BATCH_ITEMS)]


class Outcomes(Struct, frozen=True):
    home: float
    draw: float
    away: float


class Model(Struct, frozen=True):
    name: str
    version: int


class Scoreline(Struct, frozen=True):
    home: int
    away: int
    probability: float


class OverUnder(Struct, frozen=True):
    """Chances of more and of fewer goals than ``line``."""

    line: float
    over: float
    under: float


class Goals(Struct, frozen=True):
    """From the goals model, reconciled so that it adds up to the probabilities of the outcomes."""

    expected_home: float
    expected_away: float
    both_score: float
    over_under: list[OverUnder]
    likeliest: list[Scoreline]


class Prediction(Struct, frozen=True):
    """``sealed``: it stands in the ledger as ``seq``. ``kind``: live, replay (made up afterwards, from what was known
    at ``as_of``) or ad-hoc. ``reasons``: contributions in log-odds of home against away, before calibration.
    ``latest_input``: newest kickoff among the matches it is made from. ``stale``: the database does not answer, there
    may be a newer one. ``data_age_seconds``: since a source last answered.
    """

    match_id: str | None
    league: str
    season: str | None
    kickoff: datetime
    kickoff_known: bool
    home: Team
    away: Team
    probabilities: Outcomes
    fair_odds: Outcomes
    goals: Goals | None
    reasons: dict[str, float] | None
    note: str | None
    kind: Literal["live", "replay", "ad-hoc"]
    sealed: bool
    seq: int | None
    model: Model
    as_of: datetime
    latest_input: datetime | None
    sealed_at: datetime | None
    disclaimer: str = DISCLAIMER
    stale: bool = False
    data_age_seconds: int | None = None


class BatchItem(Struct, frozen=True):
    """``status`` as a request of its own would have had; then either a prediction or a problem."""

    index: int
    status: int
    prediction: Prediction | None = None
    problem: ProblemDetails | None = None


class BatchAnswer(Struct, frozen=True):
    items: list[BatchItem]


class PredictionPage(Struct, frozen=True):
    """``next``: cursor of the page after this one, null on the last."""

    items: list[Prediction]
    next: str | None


class LedgerHead(Struct, frozen=True):
    """``rows``: how many predictions were ever sealed. ``head``: hash of the last, which all before it go into."""

    rows: int
    head: str
    stale: bool


class Card(Struct, frozen=True):
    """A fixture beside the market. ``market``: opening prices without their margin. ``value``: what one unit staked is
    claimed to gain; acting on such claims has lost money. ``odds`` are shown only where that is licensed.
    """

    match_id: str
    league: str
    kickoff: datetime
    home: Team
    away: Team
    probabilities: Outcomes
    market: Outcomes | None
    value: Outcomes | None
    odds: Outcomes | None
    model: Model
    as_of: datetime


class CardPage(Struct, frozen=True):
    items: list[Card]
    next: str | None
    disclaimer: str
    stale: bool
    data_age_seconds: int | None
