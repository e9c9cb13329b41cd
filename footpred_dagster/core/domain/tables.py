"""The table of one season, as it stands after some of its matches: what table, projection and service agree on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from footpred_dagster.core.domain.leagues import Season
from footpred_dagster.core.domain.rules import LeagueRules, rules_of
from footpred_dagster.core.domain.standings import Places, ranks
from footpred_dagster.core.domain.tiebreakers import DECIDED, PLACED_LAST, Criterion
from footpred_dagster.core.domain.zones import zone_of


@dataclass(frozen=True, slots=True)
class Result:
    """A match that counts: played, or awarded by a ruling."""

    day: date
    home: str
    away: str
    home_goals: int
    away_goals: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points given to a club, or taken from it (negative), from ``effective_on`` on."""

    club: str
    points: int
    effective_on: date


@dataclass(frozen=True, slots=True)
class Line:
    """A club's line. place: from 1, shared by clubs the rules leave level. points = points_won + adjustment + halved.

    halved: points lost at a split that halves them, zero or negative. group: of the second phase. zone: what the place
    is worth in the final table.
    """

    club: str
    place: int
    played: int
    won: int
    drawn: int
    lost: int
    goals_for: int
    goals_against: int
    points_won: int
    adjustment: int
    halved: int
    points: int
    group: str | None
    zone: str | None


def until_split(played: Sequence[tuple[str, str]], meetings: int) -> list[int]:
    """Indexes into ``played``, in order of date, of each pair's first ``meetings`` matches: those before a split."""
    seen: Counter[frozenset[str]] = Counter()
    kept = []
    for index, pairing in enumerate(played):
        pair = frozenset(pairing)
        seen[pair] += 1
        if seen[pair] <= meetings:
            kept.append(index)
    return kept


def table(
    league: str,
    season: Season,
    results: Sequence[Result],
    adjustments: Sequence[Adjustment] = (),
    clubs: Sequence[str] = (),
    *,
    first_phase: bool = False,
) -> list[Line]:
    """Lines by place, then club: of the clubs in ``results`` and, without a match, in ``clubs``.

    Adjustments in force after the day of the latest result are for the caller to leave out. first_phase: the table
    before a split, whatever was played after it.
    """
    rules = rules_of(league, season)
    counted = sorted(
        (one for one in results if not {one.home, one.away} & rules.expunged), key=lambda one: (one.day, one.home)
    )
    names = sorted({*clubs, *(club for one in counted for club in (one.home, one.away))} - rules.expunged)
    if not names:
        return []
    whole = _Season(league, season, rules, names, counted, adjustments)
    return whole.lines(split=rules.split is not None and not first_phase)


class _Season:
    def __init__(
        self,
        league: str,
        season: Season,
        rules: LeagueRules,
        names: list[str],
        results: list[Result],
        adjustments: Sequence[Adjustment],
    ) -> None:
        self.key, self.rules, self.names = (league, season.start), rules, names
        self.numbers = {club: number for number, club in enumerate(names)}
        self.adjustments = [one for one in adjustments if one.club in self.numbers]
        pairs = [(one.home, one.away) for one in results]
        first = set(until_split(pairs, rules.meetings)) if rules.split else set(range(len(results)))
        self.first = [one for index, one in enumerate(results) if index in first]
        self.later = [one for index, one in enumerate(results) if index not in first]

    def lines(self, *, split: bool) -> list[Line]:
        before, points = self._ranks(self.first, self._given())
        groups = self._groups(before, points) if split else None
        if groups is None:
            return self._lines(self.first, before, points, np.zeros_like(points), None)
        later = [one for one in self.later if groups[self.numbers[one.home]] == groups[self.numbers[one.away]]]
        halved, rounded = self._halved(groups)
        known: dict[Criterion, Places] = {"not_rounded_up": -rounded, "first_phase": before}
        rank, points = self._ranks(
            [*self.first, *later], self._given() + halved, self.rules.in_groups, groups=groups, known=known
        )
        return self._lines([*self.first, *later], rank, points, halved, groups)

    def _groups(self, before: Places, points: Places) -> Places | None:
        """(clubs,) number of the group each is in, or None while no match of the second phase was played."""
        assert self.rules.split is not None
        if not self.later:
            return None
        places = self._places(before, points)
        return np.array(
            [
                next((n for n, group in enumerate(self.rules.split.groups) if group.first <= place <= group.last), 0)
                for place in places
            ],
            dtype=np.int64,
        )

    def _halved(self, groups: Places) -> tuple[Places, Places]:
        """(clubs,) points lost by halving, and whether half a point was added in rounding."""
        assert self.rules.split is not None
        last = max(one.day for one in self.first)
        _, points = self._ranks(self.first, self._given(last))
        half = np.array([self.rules.split.groups[group].carried == "half" for group in groups])
        carried = np.where(half, -(-points // 2), points)
        return carried - points, np.where(half, points % 2, 0)

    def _given(self, until: date | None = None) -> Places:
        given = np.zeros(len(self.names), dtype=np.int64)
        for one in self.adjustments:
            if until is None or one.effective_on <= until:
                given[self.numbers[one.club]] += one.points
        return given

    def _ranks(
        self,
        results: Sequence[Result],
        adjustments: Places,
        tiebreakers: Sequence[Criterion] | None = None,
        groups: Places | None = None,
        known: Mapping[Criterion, Places] | None = None,
    ) -> tuple[Places, Places]:
        home, away = (
            np.array([self.numbers[club] for club in side], dtype=np.int64)
            for side in ([one.home for one in results], [one.away for one in results])
        )
        home_goals = np.array([[one.home_goals for one in results]], dtype=np.int16)
        away_goals = np.array([[one.away_goals for one in results]], dtype=np.int16)
        last = PLACED_LAST.get(self.key, ())
        if groups is None and last:
            groups = np.array([1 + last.index(club) if club in last else 0 for club in self.names], dtype=np.int64)
        cut = self.rules.cut_short
        rank, points = ranks(
            home,
            away,
            home_goals,
            away_goals,
            len(self.names),
            tiebreakers or self.rules.tiebreakers,
            adjustments,
            win=self.rules.win,
            per_game=cut is not None and cut.order == "points_per_game",
            groups=groups,
            known=known,
        )
        return rank[0], points[0]

    def _places(self, rank: Places, points: Places) -> list[int]:
        """From 1; clubs of one rank share the place, unless further matches decided."""
        places = [1 + int((rank > own).sum()) for own in rank]
        for decided in DECIDED.get(self.key, ()):
            numbers = [self.numbers[club] for club in decided if club in self.numbers]
            level = len({int(points[number]) for number in numbers}) == 1
            if level and self.complete and len(numbers) == len(decided):
                taken = sorted(places[number] for number in numbers)
                for number, place in zip(numbers, taken, strict=True):
                    places[number] = place
        return places

    @property
    def complete(self) -> bool:
        """Whether every match of the first phase counts already, or no more will be played."""
        if self.rules.cut_short:
            return True
        clubs = len(self.names)
        return len(self.first) >= self.rules.meetings * clubs * (clubs - 1) // 2

    def _lines(
        self, results: Sequence[Result], rank: Places, points: Places, halved: Places, groups: Places | None
    ) -> list[Line]:
        places = self._places(rank, points)
        given = self._given()
        scored: dict[str, list[tuple[int, int]]] = {club: [] for club in self.names}
        for one in results:
            scored[one.home].append((one.home_goals, one.away_goals))
            scored[one.away].append((one.away_goals, one.home_goals))
        lines = []
        for number, club in enumerate(self.names):
            goals = scored[club]
            won, drawn = sum(x > y for x, y in goals), sum(x == y for x, y in goals)
            earned = won * self.rules.win + drawn
            lines.append(
                Line(
                    club,
                    places[number],
                    len(goals),
                    won,
                    drawn,
                    len(goals) - won - drawn,
                    sum(x for x, _ in goals),
                    sum(y for _, y in goals),
                    earned,
                    int(given[number]),
                    int(halved[number]),
                    int(points[number]),
                    self.rules.split.groups[groups[number]].name if self.rules.split and groups is not None else None,
                    zone_of(places[number], len(self.names), self.rules.marks),
                )
            )
        return sorted(lines, key=lambda line: (line.place, line.club))
