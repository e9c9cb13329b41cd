"""Names of clubs compared: which spellings are close, and which unlisted name is probably a club on record.

Measured on 32 seasons of the 22 main divisions, each name taken off the list in the season it first appears: see
``tests/e2e/test_real_history.py`` for the counts.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

ALIKE = 0.8
"""difflib's ratio from which two spellings are near: "Genk" and "Gent" 0.75, "Ath Madrid" and "Atl. Madrid" 0.9."""
LEAST_WORD = 3
NO_NAMES = frozenset({"afc", "club", "the"})
RESERVE = re.compile(r"ii|iii|jong|reserves?|u(1[5-9]|2[0-3])")
RESERVE_AT_THE_END = frozenset({"b", "2"})


@dataclass(frozen=True, slots=True)
class Appearance:
    """A club under one name in one season of a league, played matches and listed fixtures alike."""

    country: str
    league: str
    season: str
    team_id: str
    name: str
    first_day: date


@dataclass(frozen=True, slots=True)
class Split:
    """An unlisted name that is probably ``known``, a spelling of ``team_id``."""

    country: str
    league: str
    season: str
    name: str
    known: str
    team_id: str
    why: str


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The up to ``n`` spellings in ``known`` that look most like ``name``, best first."""
    return difflib.get_close_matches(name, list(known), n=n, cutoff=0.5)


def is_near(name: str, other: str) -> bool:
    """Whether two spellings may well mean one club: equal but for marks, one's words within the other's, or alike.

    A reserve side (``Villarreal B``, ``Jong Ajax``) is a club of its own: never near to its first team.
    """
    (words, mark), (others, other_mark) = _reserve(_words(name)), _reserve(_words(other))
    if mark != other_mark:
        return False
    if "".join(words) == "".join(others):
        return True
    short, long = sorted(([w for w in group if _tells(w)] for group in (words, others)), key=len)
    if short and all(any(a.startswith(b) or b.startswith(a) for b in long) for a in short):
        return True
    return difflib.SequenceMatcher(None, " ".join(words), " ".join(others)).ratio() >= ALIKE


def on_one_first_day(new: Appearance, other: Appearance) -> bool:
    """What appearances alone tell of a common match day: both began on it."""
    return new.first_day == other.first_day


def probable_splits(
    appearances: Sequence[Appearance],
    listed: Collection[tuple[str, str, str]],
    play_on_one_day: Callable[[Appearance, Appearance], bool] = on_one_first_day,
) -> list[Split]:
    """Names that are not ``listed`` ((country, name, team_id)) and look like a club on record that they may be.

    A club plays once a day and in one league system, so two names are two clubs once they have played on one day, or
    in one season in different leagues. Before that, a near name is doubtful when the club on record played in an
    earlier season and is absent in the new name's first one, or when both are in one league. ``play_on_one_day`` is
    asked only about near names in one league and season. A name near no club on record is a new club; two names that
    both appear for the first time, on no list, are no ground to doubt each other.
    """
    clubs: dict[str, dict[str, dict[str, list[Appearance]]]] = defaultdict(lambda: defaultdict(dict))
    spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
    unlisted: dict[tuple[str, str, str], dict[str, list[Appearance]]] = defaultdict(dict)
    for country, name, team_id in listed:
        spellings[country, team_id].add(name)
    for seen in appearances:
        clubs[seen.country][seen.team_id].setdefault(seen.season, []).append(seen)
        spellings[seen.country, seen.team_id].add(seen.name)
        if (key := (seen.country, seen.name, seen.team_id)) not in listed:
            unlisted[key].setdefault(seen.season, []).append(seen)
    of_the_list = {(country, team_id) for country, _, team_id in listed}
    splits = []
    for (country, name, own_id), seasons in unlisted.items():
        first = min(seasons)
        for team_id, record in clubs[country].items():
            on_record = (country, team_id) in of_the_list or min(record) < first
            if team_id == own_id or not on_record or not _may_be_one(seasons, record, first):
                continue
            near = sorted(other for other in spellings[country, team_id] if is_near(name, other))
            why = _why_doubtful(seasons, record, play_on_one_day) if near else None
            if why:
                best = (nearest(name, near, n=1) or near)[0]
                splits.append(Split(country, seasons[first][0].league, first, name, best, team_id, why))
    return splits


def _may_be_one(
    new: Mapping[str, Sequence[Appearance]], record: Mapping[str, Sequence[Appearance]], first: str
) -> bool:
    """Whether the seasons and leagues of both allow one club; the cheap part, before names are compared."""
    common = new.keys() & record.keys()
    for season in common:
        if not {seen.league for seen in new[season]} & {seen.league for seen in record[season]}:
            return False
    return bool(common) or min(record) < first


def _why_doubtful(
    new: Mapping[str, Sequence[Appearance]],
    record: Mapping[str, Sequence[Appearance]],
    play_on_one_day: Callable[[Appearance, Appearance], bool],
) -> str | None:
    common = new.keys() & record.keys()
    if not common:
        return "on record before, absent while the new name plays"
    for season in common:
        for seen in new[season]:
            if any(play_on_one_day(seen, other) for other in record[season] if other.league == seen.league):
                return None
    return "in the same league, and the two have not played on one day yet"


def _words(name: str) -> list[str]:
    """Lower-case words of letters and digits, accents and apostrophes taken off."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+", re.sub("['\u2019\x92]", "", bare.casefold()))


def _reserve(words: list[str]) -> tuple[list[str], str]:
    """``words`` without what marks a reserve side, and that mark; a name that is nothing but a mark keeps it."""
    marks = [word for word in words if RESERVE.fullmatch(word)]
    marks += [word for word in words[-1:] if word in RESERVE_AT_THE_END]
    rest = [word for word in words if word not in marks]
    return (rest, " ".join(sorted(marks))) if rest else (words, "")


def _tells(word: str) -> bool:
    return len(word) >= LEAST_WORD and word not in NO_NAMES
