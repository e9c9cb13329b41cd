"""Clubs of the extra leagues: every name is known, no two are merged, none is split, against the real files."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from footpred_dagster.core.domain import EXTRA_LEAGUES
from tests.support.clubs import twice_on_one_day

pytestmark = pytest.mark.real_data
SEED = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "team_aliases.csv"


class Played(NamedTuple):
    """A row, names as stripped spellings."""

    country: str
    day: date
    home: str
    away: str


@pytest.fixture(scope="module")
def team_id() -> dict[tuple[str, str], str]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return {(row["country"], row["name"]): row["team_id"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def played(data_dir: Path) -> list[Played]:
    rows = []
    for path in sorted((data_dir / "site" / "new").glob("*.csv")):
        country = EXTRA_LEAGUES[path.stem].country
        for row in csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
            day = datetime.strptime(row["Date"], "%d/%m/%Y").date()
            rows.append(Played(country, day, row["Home"].strip(), row["Away"].strip()))
    return rows


def test_every_name_is_in_the_seed(played, team_id):
    names = {(row.country, name) for row in played for name in (row.home, row.away)}
    assert len(names) > 500
    assert names - team_id.keys() == set()


def test_a_club_never_plays_itself(played, team_id):
    assert [row for row in played if team_id[row.country, row.home] == team_id[row.country, row.away]] == []


def test_a_club_never_plays_twice_on_one_day(played, team_id):
    """Two clubs merged by mistake would, as soon as both have a season in the same league."""
    assert twice_on_one_day(played, team_id) == {}


def test_a_spelling_ends_before_the_next_of_the_same_club_begins(played, team_id):
    """These files change a spelling for good, in mid season too: two spellings at once would be two clubs."""
    days = defaultdict(lambda: defaultdict(list))
    for row in played:
        for name in (row.home, row.away):
            days[row.country, team_id[row.country, name]][name].append(row.day)
    overlapping = {}
    for club, spellings in days.items():
        spans = sorted((min(found), max(found)) for found in spellings.values())
        if any(later[0] <= earlier[1] for earlier, later in pairwise(spans)):
            overlapping[club] = {name: (min(found), max(found)) for name, found in spellings.items()}
    assert overlapping == {}
