"""What separates clubs that are level on points, by league and season.

Criteria that need more than scores (fair play, lots) are left out: clubs level after those named share a
place. Places that were decided by further matches are listed in ``DECIDED``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from footpred_dagster.core.domain.formats import FIRST, Eras, in_force

Criterion = Literal[
    "goal_difference", "goals_for", "wins", "head_to_head", "away_goals", "not_rounded_up", "first_phase"
]
"""``head_to_head``: points, then goal difference, in the matches among the clubs that are level so far. ``away_goals``:
goals scored away in those matches.
``not_rounded_up``: whose points were halved without rounding up. ``first_phase``: the place before a split."""


@dataclass(frozen=True, slots=True)
class Tiebreak:
    """In order of use, and where the rule is published."""

    criteria: tuple[Criterion, ...]
    source: str


GOALS: tuple[Criterion, ...] = ("goal_difference", "goals_for", "head_to_head")
EACH_OTHER: tuple[Criterion, ...] = ("head_to_head", "goal_difference", "goals_for")

_PREMIER = Tiebreak(GOALS, "Premier League Handbook, section C")
_GOALS_SCORED = Tiebreak(("goals_for", "goal_difference"), "The Football League regulations of 1992-93 to 1998-99")
_EFL = Tiebreak(GOALS, "EFL Regulations, section 2")
_LIGA = Tiebreak(EACH_OTHER, "RFEF, Reglamento General, art. 201; bases de competición of the season")
_SERIE_A_GOALS = Tiebreak(
    ("goal_difference", "goals_for"), "final tables of the Lega Nazionale Professionisti to 2000-01"
)
_NOIF = Tiebreak(EACH_OTHER, "FIGC, Norme Organizzative Interne, art. 51")
_LFP = Tiebreak(("goal_difference", "goals_for", "head_to_head"), "LFP, Règlement des compétitions, to 2016-17")
_LFP_2017 = Tiebreak(
    ("goal_difference", "head_to_head", "away_goals", "goals_for"), "LFP, Règlement des compétitions, art. 518 ter"
)
_LFP_2025 = Tiebreak(
    ("goal_difference", "head_to_head", "goals_for", "wins"), "LFP, Règlement des compétitions 2025/26 (goal.com)"
)

TIEBREAKERS: dict[str, Eras[Tiebreak]] = {
    "E0": ((FIRST, _PREMIER),),
    "E1": ((FIRST, _GOALS_SCORED), (1999, _EFL)),
    "E2": ((FIRST, _GOALS_SCORED), (1999, _EFL)),
    "E3": ((FIRST, _GOALS_SCORED), (1999, _EFL)),
    "EC": ((FIRST, Tiebreak(GOALS, "National League Rules, rule 12")),),
    **dict.fromkeys(("SC0", "SC1", "SC2", "SC3"), ((FIRST, Tiebreak(GOALS, "Rules of the SPFL, section C")),)),
    **dict.fromkeys(("D1", "D2"), ((FIRST, Tiebreak(GOALS, "DFL, Spielordnung, § 2")),)),
    "I1": ((FIRST, _SERIE_A_GOALS), (2001, _NOIF)),
    "I2": ((FIRST, _SERIE_A_GOALS), (2001, _NOIF)),
    "SP1": ((FIRST, _LIGA),),
    "SP2": ((FIRST, _LIGA),),
    "F1": ((FIRST, _LFP), (2017, _LFP_2017), (2025, _LFP_2025)),
    "F2": ((FIRST, _LFP), (2017, _LFP_2017), (2025, _LFP_2025)),
    "N1": ((FIRST, Tiebreak(GOALS, "KNVB, Reglement Wedstrijden Betaald Voetbal")),),
    "B1": ((FIRST, Tiebreak(("wins", "goal_difference", "goals_for"), "RBFA, Règlement fédéral, Pro League")),),
    "P1": (
        (
            FIRST,
            Tiebreak(
                ("head_to_head", "goal_difference", "wins", "goals_for"), "Liga Portugal, Regulamento das competições"
            ),
        ),
    ),
    "T1": ((FIRST, Tiebreak(EACH_OTHER, "TFF, Süper Lig müsabakaları statüsü")),),
    "G1": ((FIRST, Tiebreak(EACH_OTHER, "Super League Greece, regulations, art. 20 ΚΑΠ (slgr.gr/scoreboard)")),),
}

IN_GROUPS: dict[str, tuple[Criterion, ...]] = {"B1": ("not_rounded_up", "first_phase")}
"""Tiebreakers of a second phase, where they differ from those above (hbvl.be, 12 March 2017; sportnieuws.nl, 17 March
2024)."""

DECIDED: dict[tuple[str, int], tuple[tuple[str, ...], ...]] = {
    ("B1", 2008): (("standard", "anderlecht"),),  # test matches for the title, 21 and 24 May 2009
    ("F1", 2019): (("nice", "reims"),),  # the season was cut short; LFP, 30 April 2020
    ("I1", 1994): (("padova", "genoa"),),  # relegation, 10 June 1995
    ("I1", 1996): (("piacenza", "cagliari", "perugia"),),  # relegation, 15 June 1997, between the first two
    ("I1", 1998): (("udinese", "juventus"),),  # for a place in the UEFA Cup, 27 and 31 May 1999
    ("I1", 2000): (("verona", "reggina"),),  # relegation, 21 and 24 June 2001
    ("I1", 2002): (("reggina", "atalanta"),),  # relegation, 29 May and 2 June 2003
    ("I1", 2004): (("parma", "bologna"),),  # relegation, 14 and 18 June 2005
    ("I1", 2022): (("verona", "spezia"),),  # relegation, 11 June 2023
    ("I2", 1997): (("perugia", "torino"),),  # promotion, 21 June 1998
}
"""Clubs (``team_id``) level on points that further matches put in this order, by league and start year."""

PLACED_LAST: dict[tuple[str, int], tuple[str, ...]] = {
    ("I1", 2005): ("juventus",),  # Federal Court of Appeal, 25 July 2006
    ("I2", 2004): ("genoa",),  # FIGC, 8 August 2005
    ("G1", 2014): ("niki-volos", "ofi"),  # Super League, disciplinary committee, 22 January and 23 April 2015
}
"""Clubs that a ruling moved to the end of the table, whatever their points."""


def tiebreak(league: str, start: int) -> Tiebreak:
    return in_force(TIEBREAKERS[league], start)
