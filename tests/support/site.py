"""A small site in the source's format: fictional clubs, double round robins, written into a folder."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from math import comb
from pathlib import Path

from footpred_dagster.core.domain import Season

COLUMNS = (
    *("Div", "Date", "Time", "HomeTeam", "AwayTeam", "FTHG", "FTAG", "FTR", "HTHG", "HTAG", "HTR"),
    *("HS", "AS", "HST", "AST", "HF", "AF", "HC", "AC", "HY", "AY", "HR", "AR"),
    *("AvgH", "AvgD", "AvgA", "AvgCH", "AvgCD", "AvgCA"),
)
HTML_PAGE = b"<!DOCTYPE html><title>300 Multiple Choices</title>"
"""What the real site answers for a file it does not have yet."""
SHOTS = 10
FIXTURE_COLUMNS = ("Div", "Date", "Time", "HomeTeam", "AwayTeam", "AvgH", "AvgD", "AvgA")


def clubs(league: str, count: int = 8) -> list[str]:
    return [f"{league} Club {letter}" for letter in "ABCDEFGHIJKLMNOPQRST"[:count]]


def season_rows(league: str, season: Season, teams: Sequence[str], seed: int = 1) -> list[dict[str, object]]:
    """A double round robin from August, a round a week; the earlier a club in ``teams``, the stronger it is."""
    # Text seeds are stable across processes; tuples would go through hash().
    dice = random.Random(f"{league}{season}{seed}")
    strength = {team: 0.9 - 1.2 * place / len(teams) for place, team in enumerate(teams)}
    rows = []
    for number, (home, away) in enumerate(_rounds(teams)):
        week = number // (len(teams) // 2)
        day = date(season.start, 8, 7) + timedelta(weeks=week)
        means = (1.5 + strength[home] - strength[away], 1.2 + strength[away] - strength[home])
        home_goals, away_goals = (_goals(dice, mean) for mean in means)
        odds = [round(1 / (share * 1.05), 2) for share in _true_probabilities(*means)]
        rows.append(
            {
                "Div": league,
                "Date": day.strftime("%d/%m/%Y"),
                "Time": "19:45",
                "HomeTeam": home,
                "AwayTeam": away,
                "FTHG": home_goals,
                "FTAG": away_goals,
                "FTR": "H" if home_goals > away_goals else "D" if home_goals == away_goals else "A",
                "HST": home_goals + 2,
                "AST": away_goals + 2,
                "HS": home_goals + 7,
                "AS": away_goals + 6,
                **dict(zip(("AvgH", "AvgD", "AvgA"), odds, strict=True)),
                **dict(zip(("AvgCH", "AvgCD", "AvgCA"), odds, strict=True)),
            }
        )
    return rows


def put(root: Path, path: str, body: bytes) -> Path:
    """Any bytes at any path of the site."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(body)
    return place


def write_season(root: Path, league: str, season: Season, rows: Sequence[dict[str, object]]) -> Path:
    path = root / "mmz4281" / season.site_code / f"{league}.csv"
    _write(path, COLUMNS, rows)
    return path


def write_fixtures(root: Path, rows: Sequence[dict[str, object]]) -> Path:
    path = root / "fixtures.csv"
    _write(path, FIXTURE_COLUMNS, [{name: row.get(name, "") for name in FIXTURE_COLUMNS} for row in rows])
    return path


def write_extra(root: Path, file: str, country: str, seasons: dict[str, Sequence[dict[str, object]]]) -> Path:
    """``new/<file>.csv`` from rows of ``season_rows`` by season label, as that file calls its columns."""
    names = {"HomeTeam": "Home", "AwayTeam": "Away", "FTHG": "HG", "FTAG": "AG", "FTR": "Res"}
    kept = ("Date", "Time", *names, "AvgCH", "AvgCD", "AvgCA")
    rows = [
        {"Country": country, "League": "Liga", "Season": label} | {names.get(name, name): row[name] for name in kept}
        for label, season in seasons.items()
        for row in season
    ]
    path = root / "new" / f"{file}.csv"
    _write(path, list(rows[0]), rows)
    return path


@contextmanager
def put_back(*paths: Path) -> Iterator[None]:
    """Files that hold afterwards what they held before, though the test failed."""
    held = [path.read_bytes() for path in paths]
    try:
        yield
    finally:
        for path, body in zip(paths, held, strict=True):
            path.write_bytes(body)


def build_site(root: Path, leagues: Sequence[str], first: int, last: int) -> int:
    """Seasons ``first`` to ``last`` (start years) of each league; returns how many matches they hold."""
    total = 0
    for league in leagues:
        for start in range(first, last + 1):
            rows = season_rows(league, Season(start), clubs(league))
            write_season(root, league, Season(start), rows)
            total += len(rows)
    return total


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _rounds(teams: Sequence[str]) -> list[tuple[str, str]]:
    """Circle method: every pair once at home and once away, each team once a round."""
    circle = list(teams)
    first_half = []
    for turn in range(len(circle) - 1):
        half = len(circle) // 2
        for left, right in zip(circle[:half], reversed(circle[half:]), strict=True):
            first_half.append((left, right) if turn % 2 == 0 else (right, left))
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return first_half + [(away, home) for home, away in first_half]


def _goals(dice: random.Random, mean: float) -> int:
    """A count with about that mean: ten shots, each as likely."""
    return sum(dice.random() < _chance(mean) for _ in range(SHOTS))


def _chance(mean: float) -> float:
    return min(max(mean, 0.2), 4.0) / SHOTS


def _true_probabilities(home_mean: float, away_mean: float) -> tuple[float, float, float]:
    """What the bookmakers of this site know: nobody beats their closing line but by luck."""
    home, away = ([comb(SHOTS, k) * p**k * (1 - p) ** (SHOTS - k) for k in range(SHOTS + 1)]
                  for p in (_chance(home_mean), _chance(away_mean)))  # fmt: skip
    win = sum(home[i] * away[j] for i in range(SHOTS + 1) for j in range(i))
    draw = sum(h * a for h, a in zip(home, away, strict=True))
    return win, draw, 1 - win - draw
