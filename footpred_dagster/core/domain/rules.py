"""The rules of a season of one of the 22 main divisions, looked up from formats, tiebreakers and zones.

Rules are those of the season given: leagues change them. The extra leagues have none.
"""

from __future__ import annotations

from dataclasses import dataclass

from footpred_dagster.core.domain.formats import (
    CLUBS,
    CUT_SHORT,
    EXPUNGED,
    HOSTED_BEYOND,
    MEETINGS,
    NOT_PLAYED,
    SPLITS,
    WIN_POINTS,
    CutShort,
    Split,
    in_force,
)
from footpred_dagster.core.domain.leagues import LEAGUES, MAIN_LEAGUES, Season
from footpred_dagster.core.domain.tiebreakers import GOALS, IN_GROUPS, Criterion, tiebreak
from footpred_dagster.core.domain.zones import Zone, marks, projected


@dataclass(frozen=True, slots=True)
class LeagueRules:
    """How a season of a league is decided.

    meetings: of every two clubs in the first phase, half of them at either's ground. split: the second phase, where
    the results files hold one. in_groups: tiebreakers of that phase. zones: what a projection states chances of; those
    of the first phase where there is a second. marks: what places of the last table are worth that the files give: of
    the first phase where they lack the second. has_phases: whether there is a second one, in the files or not.
    """

    meetings: int
    win: int
    tiebreakers: tuple[Criterion, ...]
    in_groups: tuple[Criterion, ...]
    zones: tuple[Zone, ...]
    marks: tuple[Zone, ...]
    source: str
    split: Split | None = None
    cut_short: CutShort | None = None
    expunged: frozenset[str] = frozenset()
    has_phases: bool = False

    @property
    def label(self) -> str:
        return "at the split" if self.has_phases else "final table"


def rules_of(league: str, season: Season) -> LeagueRules:
    """Rules of a season of a main division. Other leagues: a double round robin by goal difference, nothing known."""
    if league not in MAIN_LEAGUES:
        return LeagueRules(2, 3, GOALS, GOALS, (), (), "not known: points, goal difference, goals")
    start = season.start
    how = tiebreak(league, start)
    second = split(league, season)
    zones, worth = projected(league, start, top=LEAGUES[league].tier == 1), marks(league, start)
    if second:
        groups = tuple(Zone(group.name, group.first, group.last) for group in second.groups)
        zones = (Zone("first", 1, 1), *groups)
        if not second.published and not cut_short(league, season):
            worth = groups
    return LeagueRules(
        meetings=meetings(league, season),
        win=in_force(WIN_POINTS.get(league, ((0, 3),)), start),
        tiebreakers=how.criteria,
        in_groups=IN_GROUPS.get(league, how.criteria),
        zones=zones,
        marks=worth,
        source=how.source,
        split=second if second and second.published else None,
        has_phases=second is not None,
        cut_short=cut_short(league, season),
        expunged=EXPUNGED.get((league, start), frozenset()),
    )


def meetings(league: str, season: Season) -> int:
    """How often two clubs of a main division meet in the first phase, half of them at either's ground."""
    return in_force(MEETINGS.get(league, ((0, 2),)), season.start)


def split(league: str, season: Season) -> Split | None:
    """The second phase of a season, or None where the league plays one phase."""
    return in_force(SPLITS.get(league, ((0, None),)), season.start)


def cut_short(league: str, season: Season) -> CutShort | None:
    """How a season ended that was not played to its end, else None."""
    return CUT_SHORT.get((league, season.start)) if league in MAIN_LEAGUES else None


def hosted_meetings(league: str, season: Season) -> int | None:
    """How often at most a club hosts the same opponent in a season, every phase of the league included.

    None for the extra leagues, whose rules are not known here. Qualifying matches between leagues do not count.
    """
    if league not in MAIN_LEAGUES:
        return None
    second = split(league, season)
    further = max((_home_share(group.meetings) for group in second.groups), default=0) if second else 0
    return _home_share(meetings(league, season)) + further + HOSTED_BEYOND.get((league, season.start), 0)


def matches_per_club(league: str, season: Season) -> int | None:
    """Matches of every club in a full season, as the results files of football-data.co.uk hold it.

    None where the number differs between clubs, where the season was cut short, and for the extra leagues.
    """
    if league not in MAIN_LEAGUES or cut_short(league, season):
        return None
    first_phase = meetings(league, season) * (in_force(CLUBS[league], season.start) - 1)
    second = split(league, season)
    if second is None or not second.published:
        return first_phase
    further = {group.meetings * (group.size - 1) for group in second.groups}
    return first_phase + further.pop() if len(further) == 1 else None


def is_complete(league: str, season: Season, clubs: int, matches: int) -> bool | None:
    """Whether ``matches`` of ``clubs`` are a whole season; matches without a score that stands count.

    None where the rules are not known. A league of fewer clubs than its format says (a made-up one) is complete when
    every two clubs can have met equally often, at either's ground; one of more has a club under two names.
    """
    if league not in MAIN_LEAGUES or clubs < 2:
        return None
    usual, cut = in_force(CLUBS[league], season.start), cut_short(league, season)
    if cut and clubs >= usual - 1:  # Bury was expelled from E2; smaller, fictional leagues play to the end
        return matches >= cut.matches
    pairs = min(clubs, usual) * (min(clubs, usual) - 1) // 2
    if clubs < usual:
        return matches >= 2 * pairs and matches % pairs == 0
    second = split(league, season)
    further = sum(group.meetings * group.size * (group.size - 1) // 2 for group in second.groups) if second else 0
    full = meetings(league, season) * pairs + (further if second and second.published else 0)
    return matches >= full - NOT_PLAYED.get((league, season.start), 0)


def _home_share(times: int) -> int:
    """Of so many meetings, those that one of the two can host."""
    return -(-times // 2)
