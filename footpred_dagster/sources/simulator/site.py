"""The world as the site would print it at one instant; nothing here knows HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from footpred_dagster.core.domain import SITE_ZONE, Season
from footpred_dagster.sources.parsing.values import STATISTICS, result_of
from footpred_dagster.sources.simulator.scorelines import Floats
from footpred_dagster.sources.simulator.truth import book, true_probabilities, truth_csv
from footpred_dagster.sources.simulator.world import MATCH_LENGTH, SeasonMatches, World

ANNOUNCED = timedelta(days=14)
"""How long before kickoff a match enters the fixtures file, with its opening odds."""
LINGERS = timedelta(days=2)
"""How long after kickoff it is still listed there."""

KEY_COLUMNS = ("Div", "Date", "Time", "HomeTeam", "AwayTeam")
OPENING_COLUMNS = ("AvgH", "AvgD", "AvgA", "MaxH", "MaxD", "MaxA")
CLOSING_COLUMNS = ("AvgCH", "AvgCD", "AvgCA", "MaxCH", "MaxCD", "MaxCA")
RESULT_COLUMNS = (
    *KEY_COLUMNS,
    *("FTHG", "FTAG", "FTR", *STATISTICS[:2], "HTR", *STATISTICS[2:]),
    *OPENING_COLUMNS,
    *CLOSING_COLUMNS,
)
FIXTURE_COLUMNS = (*KEY_COLUMNS, *OPENING_COLUMNS, *CLOSING_COLUMNS)


def render_results(world: World, league: str, season: Season, as_of: datetime) -> bytes | None:
    """The season's file with the matches finished by ``as_of`` (aware), in order of kickoff: a later file only appends.

    None for a season this world does not hold or of which no match is finished: the site has no such file yet.
    """
    matches = _season(world, league, season, as_of)
    if matches is None or not (finished := matches.finished(as_of)):
        return None
    prices = book(world.seed, matches)
    rows = []
    for number in range(finished):
        home, away = int(matches.home_goals[number]), int(matches.away_goals[number])
        first_home, first_away, *others = matches.statistics[number].tolist()
        score = (home, away, result_of(home, away), first_home, first_away, result_of(first_home, first_away))
        odds = (_price(price) for line in prices for price in line[number])
        rows.append([*_key(matches, number), *score, *others, *odds])
    return _encode(RESULT_COLUMNS, rows)


def render_fixtures(world: World, as_of: datetime) -> bytes:
    """Matches of the coming fourteen days, and those of the last two, which the site leaves standing; no scores.

    Opening odds are filled, closing odds are not: they exist at kickoff.
    """
    rows = []
    for matches in world.begun(as_of + ANNOUNCED):
        for number in range(matches.kicked_off(as_of - LINGERS), matches.kicked_off(as_of + ANNOUNCED)):
            prices = book(world.seed, matches)
            odds = [_price(price) for line in (prices.average, prices.best) for price in line[number]]
            rows.append((matches.kickoff[number], [*_key(matches, number), *odds, *[""] * len(CLOSING_COLUMNS)]))
    rows.sort(key=lambda row: row[0])
    return _encode(FIXTURE_COLUMNS, [row for _, row in rows])


def render_truth(world: World, as_of: datetime) -> bytes:
    """The true probabilities of every match played or announced by ``as_of``; no real site has this file."""
    return truth_csv(true_probabilities(world, as_of + ANNOUNCED)).encode()


def results_changed(world: World, league: str, season: Season, as_of: datetime) -> datetime | None:
    """When the results file last changed by ``as_of``; None when it does not exist."""
    matches = _season(world, league, season, as_of)
    finished = matches.finished(as_of) if matches else 0
    return matches.kickoff[finished - 1] + MATCH_LENGTH if matches and finished else None


def fixtures_changed(world: World, as_of: datetime) -> datetime:
    """When a match was last listed or dropped by ``as_of``; before all football, when the first season was named."""
    return max(_changes(world, as_of, (-ANNOUNCED, LINGERS)), default=_before(world))


def truth_changed(world: World, as_of: datetime) -> datetime:
    """When a match was last announced by ``as_of``."""
    return max(_changes(world, as_of, (-ANNOUNCED,)), default=_before(world))


def _changes(world: World, as_of: datetime, shifts: Sequence[timedelta]) -> Iterator[datetime]:
    for matches in world.begun(as_of + ANNOUNCED):
        for shift in shifts:
            if happened := matches.kicked_off(as_of - shift):
                yield matches.kickoff[happened - 1] + shift


def _before(world: World) -> datetime:
    return datetime(world.first_season.start, 7, 1, tzinfo=SITE_ZONE)


def _season(world: World, league: str, season: Season, as_of: datetime) -> SeasonMatches | None:
    """The season if it may have begun: a request for the year 2092 must not simulate until then."""
    if league not in world.leagues or not world.first_season <= season <= Season.containing(as_of.date()):
        return None
    return world.season(league, season)


def _key(matches: SeasonMatches, number: int) -> tuple[str, str, str, str, str]:
    local = matches.kickoff[number].astimezone(SITE_ZONE)
    return (matches.league, f"{local:%d/%m/%Y}", f"{local:%H:%M}", matches.home[number], matches.away[number])


def _price(price: Floats) -> str:
    """As the site prints it: 2.5, 3, 1.44."""
    return f"{float(price):.2f}".rstrip("0").rstrip(".")


def _encode(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """UTF-8 with BOM and CRLF, as since 2024-25; no name or number needs quotes."""
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode()
