"""Files that hold the matches of another league: a club plays for one league of its country on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations

from footpred_dagster.core.clubs.spellings import Appearance
from footpred_dagster.core.domain import LEAGUES, Season

CHECK = "clubs_play_in_one_league"
LeagueSeason = tuple[str, str]


def in_two_leagues(
    appearances: Iterable[Appearance], both_play: Callable[[Appearance, Appearance], bool]
) -> dict[str, str]:
    """Partitions (``E0|2024-25``) that hold clubs which play in another league on the same day, each with the reason.

    Of the two leagues it is the one that shares fewer clubs with its seasons before and after, else the lower one.
    Where the two spell every such club differently, and they are less than half of the season, the spelling is in
    doubt and not the season. ``both_play`` tells whether two appearances of a club fall on one day.
    """
    clubs: dict[LeagueSeason, set[str]] = defaultdict(set)
    known: dict[tuple[str, str, str], list[Appearance]] = defaultdict(list)
    for each in appearances:
        clubs[each.league, each.season].add(each.team_id)
        known[each.country, each.season, each.team_id].append(each)

    def belongs(of: LeagueSeason) -> tuple[float, int, str]:
        season = Season.stored(of[1])
        around = (Season(season.start + step, season.autumn) for step in (-1, 1))
        near_by = set[str]().union(*(clubs.get((of[0], str(near)), ()) for near in around))
        return len(clubs[of] & near_by) / len(clubs[of]), -LEAGUES[of[0]].tier, of[0]

    found: dict[tuple[LeagueSeason, LeagueSeason], set[str]] = defaultdict(set)
    spelled_alike: set[LeagueSeason] = set()
    for same in known.values():
        for one, other in combinations(same, 2):
            if one.league != other.league and both_play(one, other):
                foreign, own = sorted(((each.league, each.season) for each in (one, other)), key=belongs)
                found[foreign, own].add(one.name)
                if one.name == other.name:
                    spelled_alike.add(foreign)
    return {
        "|".join(foreign): f"{', '.join(sorted(names)[:3])}{' and others' if len(names) > 3 else ''} also play in "
        f"{own[0]} on the same days: the file holds matches of another league"
        for (foreign, own), names in found.items()
        if foreign in spelled_alike or 2 * len(names) >= len(clubs[foreign])
    }
