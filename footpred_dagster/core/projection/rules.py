"""What a place in each of the 22 main divisions is worth, and what separates clubs level on points.

As of 2025/26; leagues change their rules, and a season of other rules is projected by these all the same. Criteria that
need more than scores (away goals, fair play, play-off matches, drawn lots) are left out: whoever is level after those
named here is drawn by lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Criterion = Literal["goal_difference", "goals_for", "wins", "head_to_head"]
"""``head_to_head``: points, then goal difference, in the matches among the clubs that are level so far."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Places ``first`` to ``last``, counted from the top, or with negative numbers from the bottom (-1 is last)."""

    name: str
    first: int
    last: int

    def places(self, clubs: int) -> range:
        """Positions from 0 in a league of ``clubs``."""
        first, last = (place - 1 if place > 0 else clubs + place for place in (self.first, self.last))
        return range(first, last + 1)


@dataclass(frozen=True, slots=True)
class LeagueRules:
    """meetings: of every two clubs, half of them at either's ground. split: whether the league then parts in groups
    whose matches are not projected."""

    meetings: int
    tiebreakers: tuple[Criterion, ...]
    zones: tuple[Zone, ...]
    source: str
    split: bool = False

    @property
    def label(self) -> str:
        return "at the split" if self.split else "final table"


GOALS: tuple[Criterion, ...] = ("goal_difference", "goals_for", "head_to_head")
EACH_OTHER: tuple[Criterion, ...] = ("head_to_head", "goal_difference", "goals_for")
TITLE, TOP_4 = Zone("title", 1, 1), Zone("top 4", 1, 4)


def _down(count: int) -> Zone:
    return Zone("relegation", -count, -1)


def _up(direct: int, play_offs: int) -> tuple[Zone, ...]:
    """Titles of lower divisions: promoted at once, and in the play-offs behind them."""
    return TITLE, Zone("promotion", 1, direct), Zone("promotion play-offs", direct + 1, direct + play_offs)


def _play_off(place: int) -> Zone:
    return Zone("relegation play-off", place, place)


EFL = "EFL Regulations 2025/26"
SPFL = "Rules of the SPFL 2025/26"
DFL = "Spielordnung des DFL e.V. 2025/26"
LEGA_A, LEGA_B = (
    "FIGC, Norme Organizzative Interne, Serie A 2025/26",
    "FIGC, Norme Organizzative Interne, Serie B 2025/26",
)
RFEF = "RFEF, Normas reguladoras y bases de competición 2025/26"
LFP = "LFP, Règlement des compétitions 2025/26"

RULES: dict[str, LeagueRules] = {
    "E0": LeagueRules(2, GOALS, (TITLE, TOP_4, _down(3)), "Premier League Handbook 2025/26"),
    "E1": LeagueRules(2, GOALS, (*_up(2, 4), _down(3)), EFL),
    "E2": LeagueRules(2, GOALS, (*_up(2, 4), _down(4)), EFL),
    "E3": LeagueRules(2, GOALS, (*_up(3, 4), _down(2)), EFL),
    "EC": LeagueRules(2, GOALS, (*_up(1, 6), _down(4)), "National League Rules 2025/26"),
    "SC0": LeagueRules(3, GOALS, (Zone("first", 1, 1), Zone("top six", 1, 6)), SPFL, split=True),
    "SC1": LeagueRules(4, GOALS, (*_up(1, 3), _play_off(-2), _down(1)), SPFL),
    "SC2": LeagueRules(4, GOALS, (*_up(1, 3), _play_off(-2), _down(1)), SPFL),
    "SC3": LeagueRules(4, GOALS, (*_up(1, 3), _play_off(-1)), SPFL),
    "D1": LeagueRules(2, GOALS, (TITLE, TOP_4, _play_off(-3), _down(2)), DFL),
    "D2": LeagueRules(2, GOALS, (*_up(2, 1), _play_off(-3), _down(2)), DFL),
    "I1": LeagueRules(2, EACH_OTHER, (TITLE, TOP_4, _down(3)), LEGA_A),
    "I2": LeagueRules(2, EACH_OTHER, (*_up(2, 6), Zone("relegation play-off", -5, -4), _down(3)), LEGA_B),
    "SP1": LeagueRules(2, EACH_OTHER, (TITLE, TOP_4, _down(3)), RFEF),
    "SP2": LeagueRules(2, EACH_OTHER, (*_up(2, 4), _down(4)), RFEF),
    "F1": LeagueRules(
        2, ("goal_difference", "head_to_head", "goals_for"), (TITLE, TOP_4, _play_off(-3), _down(2)), LFP
    ),
    "F2": LeagueRules(2, ("goal_difference", "head_to_head", "goals_for"), (*_up(2, 3), _play_off(-3), _down(2)), LFP),
    "N1": LeagueRules(
        2, GOALS, (TITLE, TOP_4, _play_off(-3), _down(2)), "KNVB, Reglement Wedstrijden Betaald Voetbal 2025/26"
    ),
    "B1": LeagueRules(
        2,
        ("wins", "goal_difference", "goals_for"),
        (Zone("first", 1, 1), Zone("champions' play-offs", 1, 6), Zone("relegation play-offs", -4, -1)),
        "RBFA, Règlement fédéral, Pro League 2025/26",
        split=True,
    ),
    "P1": LeagueRules(
        2,
        ("head_to_head", "goal_difference", "wins", "goals_for"),
        (TITLE, TOP_4, _play_off(-3), _down(2)),
        "Liga Portugal, Regulamento das competições 2025/26",
    ),
    "T1": LeagueRules(2, EACH_OTHER, (TITLE, TOP_4, _down(3)), "TFF, Süper Lig müsabakaları statüsü 2025/26"),
    "G1": LeagueRules(
        2,
        EACH_OTHER,
        (Zone("first", 1, 1), Zone("championship group", 1, 4), Zone("relegation group", -6, -1)),
        "Super League Greece, championship regulations 2025/26",
        split=True,
    ),
}
