"""Find a club by what a reader types: proper name, source spelling, city, initials; accents and typing errors allowed.

The dashboard's search, ``GET /teams/`` and the service's suggestions all use it. Light: no database, no pandas.
"""

from __future__ import annotations

import bisect
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_MARKS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart into a base letter and a mark."""
FUZZY_WORD = 4
"""Words shorter than this must be spelled right."""
SIMILAR = 75.0
"""Least similarity of a word with a typing error, 0 to 100: one wrong letter of four has 75, of eight 87.5."""
SAME_WHOLE = 85.0
"""Least similarity of a whole name, spaces left out."""
REMOTE = 60.0
"""Least similarity of a whole name that is offered as a suggestion when nothing matches."""
EXACT, INITIALS, BEGINS, WORDS, TYPING_ERROR = 100.0, 95.0, 90.0, 80.0, 50.0
ALIAS, CITY = 2.0, 5.0
"""What a match of an alias or of the city is worth less than one of the proper name."""
LEAST_INITIALS = 3
CLUBS = """
    select teams.team_id, teams.name, teams.display_name, teams.city, teams.aliases, teams.country, teams.league,
        teams.season, leagues.name as league_name, leagues.tier
    from marts.dim_teams as teams inner join marts.dim_leagues as leagues using (league)
"""
"""Rows that ``Club.of`` reads."""


@dataclass(frozen=True, slots=True)
class Club:
    """``name``: the source's newest spelling. ``aliases``: other spellings. ``rank`` decides ties, lowest first."""

    team_id: str
    name: str
    display_name: str
    country: str
    league: str
    city: str | None = None
    aliases: tuple[str, ...] = ()
    rank: tuple[int, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Club:
        """A row of ``CLUBS``; of clubs that match equally well, those that played last and highest come first."""
        return cls(
            team_id=row["team_id"],
            name=row["name"],
            display_name=row["display_name"],
            country=row["country"],
            league=row["league"],
            city=row["city"],
            aliases=tuple(row["aliases"].split("|")),
            rank=(-int(row["season"][:4]), row["tier"]),
        )

    @property
    def spellings(self) -> Iterable[str]:
        """Every name that means this club, its id included."""
        return dict.fromkeys((self.display_name, self.name, *self.aliases, self.team_id))


@dataclass(frozen=True, slots=True)
class _Spelling:
    place: int
    text: str
    penalty: float


def folded(text: str) -> str:
    """Lower-case words of letters and digits without marks, apostrophes and "and": ``brighton hove albion``."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(NO_MARKS))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    words = re.findall(r"[^\W_]+", re.sub("['\u2019\u2018`]", "", bare))
    return " ".join(word for word in words if word != "and")


class ClubSearch:
    """An index of ``clubs``; built once, in some 20 ms for 1 400 clubs, then asked often and from any thread."""

    def __init__(self, clubs: Sequence[Club]) -> None:
        self.clubs = sorted(clubs, key=lambda club: (club.rank, club.display_name, club.team_id))
        self.by_name = sorted(clubs, key=lambda club: (folded(club.display_name), club.team_id))
        self._spellings: list[_Spelling] = []
        self._initials: dict[str, set[int]] = {}
        self._named: dict[tuple[str, str], dict[str, Club]] = {}
        for place, club in enumerate(self.clubs):
            for spelling in club.spellings:
                self._add(place, spelling, 0.0 if spelling == club.display_name else ALIAS)
                for known in (spelling, folded(spelling)):
                    self._named.setdefault((club.league, known), {})[club.team_id] = club
            if club.city:
                self._add(place, club.city, CITY)
        self._postings: dict[str, set[int]] = {}
        for index, each in enumerate(self._spellings):
            for word in each.text.split():
                self._postings.setdefault(word, set()).add(index)
        self._words = sorted(self._postings)
        self._joined = [each.text.replace(" ", "") for each in self._spellings]

    def _add(self, place: int, spelling: str, penalty: float) -> None:
        text = folded(spelling)
        if not text:
            return
        self._spellings.append(_Spelling(place, text, penalty))
        words = text.split()
        if len(words) >= LEAST_INITIALS:
            self._initials.setdefault("".join(word[0] for word in words), set()).add(place)

    def named(self, league: str, name: str) -> list[Club]:
        """Clubs of a league that go by exactly this name or id but for case and accents; several when ambiguous.

        A name with a character that cannot be printed matches no club.
        """
        plain = folded(name) if name.isprintable() else ""
        exact = self._named.get((league, name)) or self._named.get((league, plain)) or {}
        return list(exact.values())

    def find(self, query: str, limit: int = 10, leagues: Iterable[str] | None = None) -> list[Club]:
        """Clubs by how well they match, best first. Typing errors are allowed for only where nothing else matches."""
        asked = folded(query)
        if not asked:
            return []
        among = None if leagues is None else set(leagues)
        scores = self._literal(asked)
        if among is not None:
            scores = {place: score for place, score in scores.items() if self.clubs[place].league in among}
        if not scores:
            scores = self._with_errors(asked)
        ranked = sorted(scores, key=lambda place: (-scores[place], place))
        return [self.clubs[place] for place in ranked if among is None or self.clubs[place].league in among][:limit]

    def suggest(self, query: str, limit: int = 3, leagues: Iterable[str] | None = None) -> list[Club]:
        """As ``find``; where that has nothing, the clubs with the most similar names, if any is similar at all."""
        among = None if leagues is None else set(leagues)
        if found := self.find(query, limit, among):
            return found
        pool = [each for each in self._spellings if among is None or self.clubs[each.place].league in among]
        near = _extract(folded(query), [each.text for each in pool], score_cutoff=REMOTE, limit=4 * limit)
        return [self.clubs[place] for place in dict.fromkeys(pool[index].place for _, _, index in near)][:limit]

    def _literal(self, asked: str) -> dict[int, float]:
        """Every word begins a word of one spelling, or all of them are the initials of one."""
        scores = dict.fromkeys(self._initials.get(asked, ()), INITIALS)
        for index in set.intersection(*(self._beginning_with(word) for word in asked.split())):
            spelling = self._spellings[index]
            exact, begins = spelling.text == asked, spelling.text.startswith(asked)
            score = (EXACT if exact else BEGINS if begins else WORDS) - spelling.penalty
            scores[spelling.place] = max(score, scores.get(spelling.place, 0.0))
        return scores

    def _beginning_with(self, word: str) -> set[int]:
        start = bisect.bisect_left(self._words, word)
        found = itertools.takewhile(lambda known: known.startswith(word), itertools.islice(self._words, start, None))
        return set().union(*(self._postings[known] for known in found))

    def _with_errors(self, asked: str) -> dict[int, float]:
        """Each word is like a word of one spelling, or like its beginning; or the whole is but for spaces."""
        alike = [self._alike(word) for word in asked.split()]
        similar = {
            index: sum(word[index] for word in alike) / len(alike)
            for index in set.intersection(*(set(word) for word in alike))
        }
        whole = _extract(asked.replace(" ", ""), self._joined, score_cutoff=SAME_WHOLE, limit=None)
        for _, score, index in whole:
            similar[index] = max(score, similar.get(index, 0.0))
        scores: dict[int, float] = {}
        for index, similarity in similar.items():
            spelling = self._spellings[index]
            score = TYPING_ERROR * similarity / 100 - spelling.penalty
            scores[spelling.place] = max(score, scores.get(spelling.place, 0.0))
        return scores

    def _alike(self, word: str) -> dict[int, float]:
        """Similarity of the most similar word of each spelling that has one, by the spelling's index."""
        if len(word) < FUZZY_WORD:
            return dict.fromkeys(self._beginning_with(word), 100.0)
        best: dict[int, float] = {}
        for words in (self._words, [known[: len(word)] for known in self._words]):
            near = _extract(word, words, score_cutoff=SIMILAR, limit=None)
            for _, score, place in near:
                for index in self._postings[self._words[place]]:
                    best[index] = max(score, best.get(index, 0.0))
        return best


def _extract(query: str, choices: Sequence[str], *, score_cutoff: float, limit: int | None) -> list[Any]:
    """(choice, similarity, index) of the choices most like ``query``, best first."""
    from rapidfuzz import fuzz, process  # with the first typing error: the service starts without it

    return process.extract(query, choices, scorer=fuzz.ratio, score_cutoff=score_cutoff, limit=limit)
