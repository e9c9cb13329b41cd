"""Final tables from the real files, with the rulings of the seed: official champions and places."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.domain.tables import Adjustment, Line, Result, table
from footpred_dagster.core.settings import PACKAGE_ROOT
from footpred_dagster.sources.football_data.results import parse_results

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.fault(56, "official places under head-to-head, deductions, splits, halved points, a season cut short"),
]
SEEDS = PACKAGE_ROOT / "dbt_project" / "seeds"


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def final(data_dir: Path) -> Callable[[str, int], list[Line]]:
    ids = {(row["country"], row["name"]): row["team_id"] for row in seed("team_aliases.csv")}
    rulings = seed("points_adjustments.csv")

    def made(league: str, start: int) -> list[Line]:
        season, country = Season(start), LEAGUES[league].country
        path = data_dir / "site" / "mmz4281" / season.site_code / f"{league}.csv"
        results = [
            Result(
                match.match_date, ids[country, match.home], ids[country, match.away], match.home_goals, match.away_goals
            )
            for match in parse_results(path.read_bytes(), league, season).matches
            if match.home_goals is not None and match.away_goals is not None
        ]
        adjustments = [
            Adjustment(row["team_id"], int(row["points"]), date.fromisoformat(row["effective_on"]))
            for row in rulings
            if (row["league"], row["season"]) == (league, str(season))
        ]
        return table(league, season, results, adjustments)

    return made


@pytest.mark.parametrize(
    ("league", "start", "club", "place", "points"),
    [
        ("E0", 2023, "everton", 15, 40),
        ("E0", 2023, "nottm-forest", 17, 32),
        ("I1", 2022, "juventus", 7, 62),
        ("I1", 2022, "verona", 17, 31),  # won the decider against Spezia
        ("I1", 2005, "inter", 1, 76),
        ("I1", 2005, "juventus", 20, 91),
        ("I1", 2006, "reggina", 14, 40),
        ("I1", 2017, "juventus", 1, 95),
        ("I1", 2017, "inter", 4, 72),  # level with Lazio
        ("SP1", 2014, "granada", 17, 35),
        ("SP1", 2014, "eibar", 18, 35),
        ("SP1", 2014, "almeria", 19, 29),
        ("B1", 2023, "club-brugge", 1, 50),
        ("B1", 2023, "st-gilloise", 2, 49),
        ("B1", 2023, "cercle-brugge", 4, 37),  # level with Genk
        ("B1", 2023, "gent", 7, 48),
        ("B1", 2023, "eupen", 16, 28),
        ("SC0", 2023, "dundee", 6, 42),
        ("SC0", 2023, "aberdeen", 7, 48),
        ("G1", 2024, "olympiakos", 1, 75),
        ("G1", 2024, "aris", 5, 35),
        ("F1", 2019, "rennes", 3, 50),
        ("F1", 2019, "nice", 5, 41),
        ("E3", 2019, "macclesfield", 24, 19),
        ("E2", 2019, "tranmere", 21, 32),
        ("EC", 2020, "sutton", 1, 84),
        ("N1", 2023, "vitesse", 18, 6),
        ("D1", 1994, "dortmund", 1, 49),  # two points for a win
        ("I2", 2018, "palermo", 11, 43),
        ("F2", 2022, "valenciennes", 16, 45),  # level with Annecy
        ("D2", 2009, "bielefeld", 7, 49),
        ("EC", 2006, "crawley-town", 18, 53),
        ("EC", 2008, "oxford", 7, 77),
        ("EC", 2023, "southend", 9, 65),
        ("F1", 2021, "rennes", 4, 66),
        ("SC0", 2007, "gretna", 12, 13),
        ("F1", 2023, "metz", 16, 29),  # level with Lorient but for goals scored away in their two matches
    ],
)
def test_a_club_ends_where_the_official_table_has_it(final, league, start, club, place, points):
    found = {line.club: (line.place, line.points) for line in final(league, start)}
    assert found[club] == (place, points)


@pytest.mark.parametrize(
    ("league", "start", "marks"),
    [
        ("B1", 2010, "champions' play-offs"),  # whose matches the files lack: Genk came first after them
        ("B1", 2019, "title"),  # cut short: there were none
        ("B1", 2023, "title"),
        ("N1", 2019, None),
        ("I1", 2004, "Champions League"),
        ("I1", 2005, "title"),
    ],
)
def test_the_first_place_is_marked_as_champion_only_where_it_was(final, league, start, marks):
    assert final(league, start)[0].zone == marks


@pytest.mark.parametrize(
    ("league", "start", "level"),
    [("SP1", 2023, 20), ("I1", 2015, 20), ("D1", 2023, 18), ("T1", 2010, 18), ("P1", 2015, 18), ("N1", 2006, 18)],
)
def test_places_of_a_whole_season_are_all_taken(final, league, start, level):
    assert [line.place for line in final(league, start)] == list(range(1, level + 1))
