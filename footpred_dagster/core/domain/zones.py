"""What a place is worth, by league and season: promotion, Europe, play-offs, relegation.

Domestic cups move European places; they are left out, and so are licences that were refused and reprieves. Where
nothing is listed for a season, its places are not known here. Sources: league regulations of the season, UEFA access
lists; Champions League places of 1993-94 to 2018-19 are those of fbref.com's tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from footpred_dagster.core.domain.formats import FIRST, Eras, in_force


@dataclass(frozen=True, slots=True)
class Zone:
    """Places ``first`` to ``last``, counted from the top, or with negative numbers from the bottom (-1 is last)."""

    name: str
    first: int
    last: int

    def places(self, clubs: int) -> range:
        """Positions from 0 in a league of ``clubs``; none where it is too small for the zone."""
        first, last = (place - 1 if place > 0 else clubs + place for place in (self.first, self.last))
        return range(max(first, 0), min(last + 1, clubs))


TITLE, TOP_4 = Zone("title", 1, 1), Zone("top 4", 1, 4)

Pair = tuple[int, int] | None
_EFL_UP: Eras[Pair] = ((FIRST, (2, 4)), (1994, (1, 4)), (1995, (2, 4)))
_SFL_UP: Eras[Pair] = ((FIRST, (2, 0)), (1999, (3, 0)), (2000, (2, 0)), (2005, (1, 3)))

PROMOTION: dict[str, Eras[Pair]] = {
    "E1": _EFL_UP,
    "E2": _EFL_UP,
    "E3": ((FIRST, (3, 4)), (1994, (2, 4)), (1995, (3, 4))),
    "EC": ((FIRST, (1, 4)), (2017, (1, 6))),
    "SC1": ((FIRST, (1, 1)), (1997, (1, 0)), (1999, (2, 0)), (2000, (1, 0)), (2013, (1, 3))),
    "SC2": _SFL_UP,
    "SC3": _SFL_UP,
    "D2": ((FIRST, (3, 0)), (2008, (2, 1))),
    "I2": ((FIRST, (4, 0)), (2003, (5, 1)), (2004, (2, 4)), (2013, (2, 6))),
    "SP2": ((FIRST, (2, 2)), (1999, (3, 0)), (2010, (2, 4))),
    "F2": (
        (FIRST, (2, 0)),
        (1997, (3, 0)),
        (2001, (4, 0)),
        (2002, (3, 0)),
        (2016, (2, 1)),
        (2017, (2, 3)),
        (2019, (2, 0)),
        (2020, (2, 3)),
        (2022, (2, 0)),
        (2023, (2, 3)),
    ),
}
"""Places promoted at once, and those behind them in promotion play-offs."""

EUROPE: dict[str, Eras[Pair]] = {
    "E0": (
        (FIRST, (1, 3)),
        (1996, (2, 3)),
        (1998, (3, 1)),
        (1999, (3, 2)),
        (2001, (4, 1)),
        (2024, (5, 1)),
        (2025, (4, 1)),
    ),
    "D1": ((FIRST, None), (1999, (4, 2)), (2001, (3, 2)), (2011, (4, 2)), (2023, (5, 2)), (2024, (4, 2))),
    "I1": ((FIRST, None), (1998, (4, 2)), (2011, (3, 2)), (2017, (4, 2)), (2023, (5, 2)), (2024, (4, 2))),
    "SP1": ((FIRST, None), (1999, (4, 2)), (2024, (5, 2)), (2025, (4, 2))),
    "F1": ((FIRST, None), (1999, (3, 1)), (2021, (3, 2)), (2024, (4, 2))),
    "N1": ((FIRST, None), (2024, (3, 0))),
    **dict.fromkeys(("P1", "B1", "T1", "G1", "SC0"), ((FIRST, None), (2024, (2, 0)))),
}
"""Places of the Champions League, qualifying included, and those behind them in another European competition."""

_GERMANY_DOWN: Eras[Pair] = ((FIRST, (0, 3)), (2008, (1, 2)))
RELEGATION: dict[str, Eras[Pair]] = {
    "E0": ((FIRST, (0, 3)), (1994, (0, 4)), (1995, (0, 3))),
    "E1": ((FIRST, (0, 3)), (1994, (0, 4)), (1995, (0, 3))),
    "E2": ((FIRST, (0, 4)), (1994, (0, 5)), (1995, (0, 4)), (2019, (0, 3)), (2020, (0, 4))),
    "E3": ((FIRST, (0, 1)), (2002, (0, 2)), (2019, (0, 1)), (2020, (0, 2))),
    "EC": ((FIRST, (0, 2)), (2006, (0, 4)), (2019, (0, 3)), (2020, None), (2021, (0, 3)), (2022, (0, 4))),
    "SC0": ((FIRST, (1, 1)), (1997, (0, 1)), (1999, (1, 0)), (2000, (0, 1)), (2013, (1, 1))),
    "SC1": ((FIRST, (0, 2)), (1999, (0, 1)), (2000, (0, 2)), (2005, (1, 1))),
    "SC2": ((FIRST, (0, 2)), (1999, (0, 1)), (2000, (0, 2)), (2005, (1, 1))),
    "SC3": ((FIRST, None), (2014, (1, 0))),
    "D1": _GERMANY_DOWN,
    "D2": ((FIRST, (0, 5)), (1994, (0, 4)), (2008, (1, 2))),
    "I1": ((FIRST, (0, 4)), (2003, (1, 3)), (2004, (0, 3))),
    "I2": ((FIRST, (0, 4)), (2003, (2, 3))),
    "SP1": ((FIRST, (2, 2)), (1996, (1, 4)), (1997, (2, 2)), (1999, (0, 3))),
    "SP2": ((FIRST, (0, 4)),),
    "F1": (
        (FIRST, (0, 3)),
        (1996, (0, 4)),
        (1997, (0, 3)),
        (2001, (0, 2)),
        (2002, (0, 3)),
        (2016, (1, 2)),
        (2019, (0, 2)),
        (2020, (1, 2)),
        (2022, (0, 4)),
        (2023, (1, 2)),
    ),
    "F2": (
        (FIRST, (0, 4)),
        (1998, (0, 3)),
        (2016, (1, 2)),
        (2019, (0, 2)),
        (2020, (1, 2)),
        (2022, (0, 4)),
        (2024, (1, 2)),
    ),
    "N1": ((FIRST, (2, 1)), (2019, None), (2020, (1, 2))),
    "B1": (
        (FIRST, (0, 2)),
        (2005, (1, 1)),
        (2010, (2, 0)),
        (2015, (0, 1)),
        (2020, (1, 1)),
        (2022, (0, 3)),
        (2023, (1, 2)),
        (2025, (0, 1)),
        (2026, (0, 2)),
    ),
    "P1": (
        (FIRST, (0, 3)),
        (2005, (0, 4)),
        (2006, (0, 2)),
        (2013, (1, 1)),
        (2014, (0, 2)),
        (2018, (0, 3)),
        (2019, (0, 2)),
        (2020, (1, 2)),
    ),
    "T1": (
        (FIRST, (0, 3)),
        (2009, (0, 2)),
        (2010, (0, 3)),
        (2019, None),
        (2020, (0, 4)),
        (2022, (0, 2)),
        (2023, (0, 4)),
        (2025, (0, 3)),
    ),
    "G1": ((FIRST, (0, 3)), (2013, None), (2019, (1, 1)), (2022, (0, 2))),
}
"""Places in relegation play-offs, and those below them that go down at once."""

NO_CHAMPION = {
    ("I1", 2004): "Federal Court of Appeal, 25 July 2006: taken from Juventus, not assigned",
    ("N1", 2019): "KNVB, 24 April 2020: cut short without a champion",
}
"""Seasons whose first place won no title, and who ruled so."""

UNKNOWN: Eras[Pair] = ((0, None),)


def marks(league: str, start: int) -> tuple[Zone, ...]:
    """What the places of the final table are worth; the first zone that holds a place is the one it is marked with."""
    found: list[Zone] = []
    direct, play_offs = in_force(PROMOTION.get(league, UNKNOWN), start) or (0, 0)
    if direct:
        found.append(Zone("promotion", 1, direct))
    elif (league, start) not in NO_CHAMPION:
        found.append(TITLE)
    if play_offs:
        found.append(Zone("promotion play-offs", direct + 1, direct + play_offs))
    champions, further = in_force(EUROPE.get(league, UNKNOWN), start) or (0, 0)
    if champions:
        found.append(Zone("Champions League", 1, champions))
    if further:
        found.append(Zone("European places", champions + 1, champions + further))
    play_out, down = in_force(RELEGATION.get(league, UNKNOWN), start) or (0, 0)
    if play_out:
        found.append(Zone("relegation play-off", -down - play_out, -down - 1))
    if down:
        found.append(Zone("relegation", -down, -1))
    return tuple(found)


def projected(league: str, start: int, *, top: bool) -> tuple[Zone, ...]:
    """Zones whose chances a projection states: they may overlap. top: whether it is the first division."""
    ranked = marks(league, start)
    if top:
        down = tuple(zone for zone in ranked if zone.first < 0)
        return (TITLE, TOP_4, *down)
    return (TITLE, *(zone for zone in ranked if zone != TITLE))


def zone_of(place: int, clubs: int, zones: tuple[Zone, ...]) -> str | None:
    """Name of the first of ``zones`` that holds ``place``, counted from 1."""
    return next((zone.name for zone in zones if place - 1 in zone.places(clubs)), None)
