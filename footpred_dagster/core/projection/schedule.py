"""Which matches a season still has: every two clubs meet as often as the rules say, less those that were played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

Pairing = tuple[str, str]
"""Home club, away club."""


def remaining(
    clubs: Sequence[str], played: Iterable[Pairing], listed: Iterable[Pairing], meetings: int
) -> list[Pairing]:
    """The pairings to come, with those ``listed`` as fixtures first.

    Every two clubs meet ``meetings`` times, as often at one ground as at the other. Where the number is odd, the last
    meeting is where a fixture says, else at the ground of the club with fewer home matches so far. Meetings beyond
    (after a split) leave nothing to come for that pair.
    """
    been, plan = Counter(played), Counter(listed)
    at_home = Counter(home for home, _ in been.elements())
    found: list[Pairing] = []
    for place, one in enumerate(clubs):
        for other in clubs[place + 1 :]:
            pair = [(one, other), (other, one)]
            left = meetings - sum(been[each] for each in pair)
            for _ in range(max(left, 0)):
                pick = min(pair, key=lambda each: (-plan[each], been[each], at_home[each[0]]))
                found.append(pick)
                plan[pick] -= plan[pick] > 0
                been[pick] += 1
                at_home[pick[0]] += 1
    return found
