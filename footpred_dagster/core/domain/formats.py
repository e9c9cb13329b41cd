"""Formats of the 22 main divisions by season: who meets whom how often, points for a win, seasons that were cut short.

Every table below lists eras as ``(start year of the first season, value)``; a value is in force until the next era.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")
Order = Literal["points", "points_per_game"]
Eras = tuple[tuple[int, T], ...]
FIRST = 1993


@dataclass(frozen=True, slots=True)
class Group:
    """Clubs ``first`` to ``last`` of the first phase, which then meet each other ``meetings`` times more.

    carried: what a club takes along of the points it won before, ``half`` rounded up. A group ends at the same places.
    """

    name: str
    first: int
    last: int
    meetings: int
    carried: Literal["all", "half"] = "all"

    @property
    def size(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Split:
    """A second phase in groups. published: whether the results files of football-data.co.uk hold its matches."""

    groups: tuple[Group, ...]
    source: str
    published: bool = True


@dataclass(frozen=True, slots=True)
class CutShort:
    """A season that ended early. matches: how many had been played. order: what ranked the clubs."""

    matches: int
    order: Order
    source: str


def in_force(eras: Sequence[tuple[int, T]], start: int) -> T:
    """The value of the latest era that began by ``start``; raises KeyError before the first."""
    for first, value in reversed(eras):
        if first <= start:
            return value
    raise KeyError(start)


MEETINGS: dict[str, Eras[int]] = {
    "SC0": ((FIRST, 4), (2000, 3)),
    "SC1": ((FIRST, 4), (2020, 3), (2021, 4)),
    "SC2": ((FIRST, 4), (2020, 2), (2021, 4)),
    "SC3": ((FIRST, 4), (2020, 2), (2021, 4)),
}
"""How often two clubs meet in the first phase; twice where nothing is listed. The Scottish seasons of 2020-21 were
planned shorter (SPFL, 9 October 2020) and cut to 22 matches in SC2 and SC3 (SPFL, 10 March 2021)."""

_SPFL = "SPFL rules, section C; 33 matches, then top six and bottom six since 2000-01"
_SPFL_2020 = "SPFL, 10 March 2021: 18 matches, then four in halves"
_FIVES = Split((Group("top five", 1, 5, 1), Group("bottom five", 6, 10, 1)), _SPFL_2020)
_PRO_LEAGUE = "Pro League, competition regulations of the season"
_SUPER_LEAGUE = "Super League Greece, championship regulations of the season"

_CHAMPIONS_6 = Group("champions' play-offs", 1, 6, 2, "half")
_CHAMPIONS_4 = Group("champions' play-offs", 1, 4, 2, "half")

SPLITS: dict[str, Eras[Split | None]] = {
    "SC0": ((FIRST, None), (2000, Split((Group("top six", 1, 6, 1), Group("bottom six", 7, 12, 1)), _SPFL))),
    "SC2": ((FIRST, None), (2020, _FIVES), (2021, None)),
    "SC3": ((FIRST, None), (2020, _FIVES), (2021, None)),
    "B1": (
        (FIRST, None),
        (2009, Split((_CHAMPIONS_6,), _PRO_LEAGUE, published=False)),
        # The last two clubs met up to five times.
        (2010, Split((_CHAMPIONS_6, Group("relegation play-offs", 15, 16, 5)), _PRO_LEAGUE, published=False)),
        (2015, Split((_CHAMPIONS_6,), _PRO_LEAGUE, published=False)),
        (
            2020,
            Split((_CHAMPIONS_4, Group("Europe play-offs", 5, 8, 2, "half")), _PRO_LEAGUE, published=False),
        ),
        (
            2023,
            Split(
                (
                    _CHAMPIONS_6,
                    Group("Europe play-offs", 7, 12, 2, "half"),
                    Group("relegation play-offs", 13, 16, 2),
                ),
                f"{_PRO_LEAGUE}; proleague.be, Comment se déroulent les play-offs",
            ),
        ),
        # 18 clubs and no play-offs (general assembly of the Pro League, 27 February 2025).
        (2026, None),
    ),
    "G1": (
        (FIRST, None),
        # For places in Europe alone, with points of their own; the first phase is the final table.
        (2007, Split((Group("European play-offs", 2, 5, 2),), _SUPER_LEAGUE, published=False)),
        (2017, None),
        (2019, Split((Group("play-offs", 1, 6, 2), Group("play-outs", 7, 14, 1)), _SUPER_LEAGUE)),
        (
            2024,
            Split(
                (
                    Group("play-offs 1-4", 1, 4, 2),
                    Group("play-offs 5-8", 5, 8, 2, "half"),
                    Group("play-outs", 9, 14, 2),
                ),
                f"{_SUPER_LEAGUE}; general assembly of 10 July 2024",
            ),
        ),
    ),
}

WIN_POINTS: dict[str, Eras[int]] = {
    "D1": ((FIRST, 2), (1995, 3)),
    "D2": ((FIRST, 2), (1995, 3)),
    "I1": ((FIRST, 2), (1994, 3)),
    "SP1": ((FIRST, 2), (1995, 3)),
    "F1": ((FIRST, 2), (1994, 3)),
    "N1": ((FIRST, 2), (1995, 3)),
    "P1": ((FIRST, 2), (1995, 3)),
}
"""Points for a win; three where nothing is listed. FIFA made three points the rule for all from 1995-96."""

CLUBS: dict[str, Eras[int]] = {
    "E0": ((FIRST, 22), (1995, 20)),
    "E1": ((FIRST, 24),),
    "E2": ((FIRST, 24), (2019, 23), (2020, 24)),
    "E3": ((FIRST, 22), (1995, 24)),
    "EC": ((FIRST, 22), (2006, 24), (2009, 23), (2010, 24), (2020, 22), (2021, 23), (2022, 24)),
    "SC0": ((FIRST, 10), (2000, 12)),
    "SC1": ((FIRST, 10),),
    "SC2": ((FIRST, 10),),
    "SC3": ((FIRST, 10),),
    "D1": ((FIRST, 18),),
    "D2": ((FIRST, 20), (1994, 18)),
    "I1": ((FIRST, 18), (2004, 20)),
    "I2": ((FIRST, 20), (2003, 24), (2004, 22), (2018, 19), (2019, 20)),
    "SP1": ((FIRST, 20), (1995, 22), (1997, 20)),
    "SP2": ((FIRST, 20), (1997, 22)),
    "F1": ((FIRST, 20), (1997, 18), (2002, 20), (2023, 18)),
    "F2": ((FIRST, 22), (1998, 20), (2024, 18)),
    "N1": ((FIRST, 18),),
    "B1": ((FIRST, 18), (2002, 17), (2003, 18), (2009, 15), (2010, 16), (2020, 18), (2023, 16), (2026, 18)),
    "P1": ((FIRST, 18), (2006, 16), (2014, 18)),
    "T1": ((FIRST, 18), (2009, 17), (2010, 18), (2020, 21), (2021, 20), (2022, 19), (2023, 20), (2024, 19), (2025, 18)),
    "G1": ((FIRST, 18), (2000, 16), (2001, 14), (2002, 16), (2013, 18), (2015, 16), (2019, 14)),
}
"""Clubs whose matches count, as the results files of 1993-94 to 2024-25 hold them: without those expelled."""

_PER_GAME: Order = "points_per_game"
_AS_IT_STOOD: Order = "points"
CUT_SHORT: dict[tuple[str, int], CutShort] = {
    ("E2", 2019): CutShort(400, _PER_GAME, "EFL, 9 June 2020: unweighted points per game"),
    ("E3", 2019): CutShort(440, _PER_GAME, "EFL, 9 June 2020: unweighted points per game"),
    ("EC", 2019): CutShort(451, _PER_GAME, "National League, 17 June 2020: unweighted points per game"),
    ("SC0", 2019): CutShort(179, _PER_GAME, "SPFL, 18 May 2020: points per game"),
    ("SC1", 2019): CutShort(137, _PER_GAME, "SPFL, 15 April 2020: points per game"),
    ("SC2", 2019): CutShort(139, _PER_GAME, "SPFL, 15 April 2020: points per game"),
    ("SC3", 2019): CutShort(137, _PER_GAME, "SPFL, 15 April 2020: points per game"),
    ("F1", 2019): CutShort(279, _PER_GAME, "LFP, 30 April 2020: points per match after 28 rounds"),
    ("F2", 2019): CutShort(280, _AS_IT_STOOD, "LFP, 30 April 2020: every club had played 28 rounds"),
    ("N1", 2019): CutShort(232, _AS_IT_STOOD, "KNVB, 24 April 2020: no champion, no relegation; the table as it stood"),
    ("B1", 2019): CutShort(232, _AS_IT_STOOD, "Pro League, 15 May 2020: the table after 29 rounds is final"),
}
"""Seasons by start year that ended early, all by the pandemic of 2020."""

NOT_PLAYED: dict[tuple[str, int], int] = {
    ("EC", 2020): 29,  # Dover Athletic stopped after 15 of 44 matches (National League, 29 March 2021)
    ("F2", 2023): 1,  # Troyes v Valenciennes, abandoned in the last round and lost by both (LFP, May 2024)
    ("G1", 2024): 3,  # the last round of the play-outs, as football-data.co.uk has it
}
"""Matches that a full season has and the results files lack for good, by league and start year."""

EXPUNGED: dict[tuple[str, int], frozenset[str]] = {
    # National League, 29 March 2021: the club stopped playing and its results do not count.
    ("EC", 2020): frozenset({"dover-athletic"}),
}
"""Clubs (``team_id``) whose matches of a season were struck from the table."""

HOSTED_BEYOND: dict[tuple[str, int], int] = {
    ("SC3", 1997): 1,  # Queen's Park hosted Ross County three times of four
}
"""Home matches against one opponent beyond what the format gives, where a real season had them."""
