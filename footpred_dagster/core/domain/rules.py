"""The rules of a season of one of the 22 main divisions, looked up from formats, tiebreakers and zones.

Rules are those of the season given: leagues change them. The extra leagues have none.
"""

from __future__ import annotations

from footpred_dagster.core.domain.formats import (
    CLUBS,
    CUT_SHORT,
    HOSTED_BEYOND,
    MEETINGS,
    SPLITS,
    CutShort,
    Split,
    in_force,
)
from footpred_dagster.core.domain.leagues import MAIN_LEAGUES, Season


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


def _home_share(times: int) -> int:
    """Of so many meetings, those that one of the two can host."""
    return -(-times // 2)
