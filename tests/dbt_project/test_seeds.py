"""The seeds name every league and club once: two clubs never share an id, one club never has two."""

import csv
import io
import os
import re
import unicodedata
from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from footpred_dagster.core.clubs.aliases import Aliases, read_seed
from footpred_dagster.core.domain import LEAGUES, MAIN_LEAGUES, Season
from tests.support.clubs import DIFFERENT_CLUBS, OPENFOOTBALL, SAME_CLUB, twice_on_one_day
from tests.support.shared_names import ONE_NAME_TWO_CLUBS

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "dbt_project" / "seeds"
DATA = Path(os.environ.get("FOOTPRED_TEST_DATA") or ROOT.parent / "shared" / "data")


class Played(NamedTuple):
    """One row of a results or fixtures file, names as stripped spellings."""

    file: str
    country: str
    day: date
    home: str
    away: str


def _read_seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def aliases() -> list[dict[str, str]]:
    return _read_seed("team_aliases.csv")


@pytest.fixture(scope="module")
def team_id(aliases: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    """The club of each name now; an earlier one of that name has its last season beside it."""
    return {(row["country"], row["name"]): row["team_id"] for row in aliases if not row["last_season"]}


@pytest.fixture(scope="module")
def played() -> list[Played]:
    snapshot = DATA / "snapshots" / "2025-09-23"
    paths = [*DATA.glob("site/mmz4281/*/*.csv"), *snapshot.glob("mmz4281/*/*.csv"), *snapshot.glob("fixtures.csv")]
    return [row for path in sorted(paths) for row in _read_site_file(path)]


def _read_site_file(path: Path) -> list[Played]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(reader)]
    home, away = ("HomeTeam", "AwayTeam") if "HomeTeam" in header else ("HT", "AT")
    places = [header.index(column) for column in ("Div", "Date", home, away)]
    rows = []
    for cells in reader:
        if len(cells) <= max(places) or not cells[places[2]].strip():
            continue
        div, day, *names = (cells[place].replace("\xa0", " ").strip() for place in places)
        form = "%d/%m/%Y" if len(day) == 10 else "%d/%m/%y"
        where = str(path.relative_to(DATA))
        rows.append(Played(where, MAIN_LEAGUES[div].country, datetime.strptime(day, form).date(), *names))
    return rows


def test_leagues_seed_equals_the_domain():
    columns = ("league", "name", "country", "tier", "first_season", "calendar")
    facts = [(x.code, x.name, x.country, str(x.tier), str(x.first_season), x.calendar) for x in LEAGUES.values()]

    assert _read_seed("leagues.csv") == [dict(zip(columns, fact, strict=True)) for fact in facts]


def test_a_spelling_is_listed_once_per_country_and_season(aliases, team_id):
    """Forbids two clubs of one name in one season: ranges of a name meet, and none is without an end but the last."""
    ranges = defaultdict(list)
    for row in aliases:
        ranges[row["country"], row["name"]].append((row["first_season"], row["last_season"]))
    assert len(team_id) == len(ranges)
    shared = {key: sorted(found) for key, found in ranges.items() if found != [("", "")]}
    assert shared == {
        (country, name): [("", last), (first, "")] for country, name, last, first, *_ in ONE_NAME_TWO_CLUBS
    }
    assert all(
        Season.parse(last).start + 1 == Season.parse(first).start for _, _, last, first, *_ in ONE_NAME_TWO_CLUBS
    )


def test_two_clubs_of_one_name_do_not_share_an_id_with_each_other_or_a_third(aliases):
    names = defaultdict(set)
    for row in aliases:
        names[row["country"], row["team_id"]].add(row["name"])
    for country, name, *_ in ONE_NAME_TWO_CLUBS:
        first = {
            row["team_id"] for row in aliases if (row["country"], row["name"]) == (country, name) and row["last_season"]
        }
        assert [names[country, team_id] for team_id in first] == [{name}]


def test_rows_are_sorted_so_that_a_diff_shows_one_club(aliases):
    keys = [(row["country"], row["team_id"], row["name"]) for row in aliases]
    assert all(before < after for before, after in pairwise(keys))


def test_names_are_stripped(aliases):
    assert [row for row in aliases if not row["name"] or row["name"] != row["name"].replace("\xa0", " ").strip()] == []


def test_countries_are_those_of_the_leagues(aliases):
    assert {row["country"] for row in aliases} == {league.country for league in LEAGUES.values()}


def test_team_ids_are_lowercase_ascii_slugs(aliases):
    slug = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
    assert [row for row in aliases if not slug.fullmatch(row["team_id"])] == []


def test_a_team_id_belongs_to_one_country(aliases):
    countries = defaultdict(set)
    for row in aliases:
        countries[row["team_id"]].add(row["country"])
    assert {team: where for team, where in countries.items() if len(where) > 1} == {}


def test_team_ids_differ_in_more_than_punctuation(aliases):
    ids = defaultdict(set)
    for row in aliases:
        ids[row["country"], row["team_id"].replace("-", "")].add(row["team_id"])
    assert [same for same in ids.values() if len(same) > 1] == []


def test_spellings_differ_in_more_than_punctuation_or_case_between_clubs(aliases):
    """Forbids the silent split: ``M'Gladbach`` and ``M'gladbach`` as two clubs."""
    ids = defaultdict(set)
    for row in aliases:
        spelling = re.sub(r"[\W_]|\x92", "", row["name"]).casefold()
        ids[row["country"], spelling, row["last_season"]].add(row["team_id"])
    assert [split for split in ids.values() if len(split) > 1] == []


@pytest.mark.parametrize(("country", "names"), [(country, names) for country, *names in SAME_CLUB])
def test_spellings_of_one_club_share_its_id(team_id, country, names):
    assert len({team_id[country, name] for name in names}) == 1


@pytest.mark.parametrize("country", OPENFOOTBALL)
def test_openfootball_means_the_same_clubs(team_id, country):
    spellings = OPENFOOTBALL[country]
    ours = {name: team_id[country, name] for name in spellings}
    assert ours == {name: team_id[country, other] for name, other in spellings.items()}
    assert len(set(ours.values())) == len(ours)


@pytest.mark.parametrize(("country", "names"), [(country, names) for country, *names in DIFFERENT_CLUBS])
def test_different_clubs_stay_apart(team_id, country, names):
    assert len({team_id[country, name] for name in names}) == len(names)


def test_every_merge_is_one_this_file_justifies(aliases):
    """A new spelling of an existing id must be added to tests/support/clubs.py: no merge is made in passing."""
    spellings = defaultdict(set)
    for row in aliases:
        spellings[row["country"], row["team_id"]].add(row["name"])
    merged = {(country, name) for (country, _), names in spellings.items() if len(names) > 1 for name in names}

    justified = {(country, name) for country, *names in SAME_CLUB for name in names}
    elsewhere = {(country, name) for country, pairs in OPENFOOTBALL.items() for pair in pairs.items() for name in pair}
    assert merged == justified | elsewhere


class TestAgainstTheSource:
    pytestmark = pytest.mark.real_data

    def test_every_name_is_in_the_seed(self, played, team_id):
        names = {(row.country, name) for row in played for name in (row.home, row.away)}
        assert len(names) > 800
        assert names - team_id.keys() == set()

    def test_a_club_never_plays_itself(self, played, team_id):
        assert [row for row in played if team_id[row.country, row.home] == team_id[row.country, row.away]] == []

    def test_a_club_never_plays_twice_on_one_day(self, played, team_id):
        """Two clubs merged by mistake would, as soon as both have a season in the same divisions."""
        assert twice_on_one_day(played, team_id) == {}

    def test_spellings_of_one_club_share_no_season(self, played, team_id):
        """One typed name in a season (Raith, 23/11/2004) aside: two spellings at once are two clubs."""
        appearances = defaultdict(lambda: defaultdict(int))
        for row in played:
            for name in (row.home, row.away):
                season = re.findall(r"\d{4}", row.file)[-1]
                appearances[team_id[row.country, name], season][name] += 1
        rivals = {key: dict(names) for key, names in appearances.items() if len(names) > 1 and min(names.values()) > 1}
        assert rivals == {}


def test_points_are_adjusted_for_clubs_that_exist_each_on_a_day_with_a_source(aliases):
    rows = _read_seed("points_adjustments.csv")
    known = {(row["country"], row["team_id"]) for row in aliases}
    keys = [(row["league"], row["season"], row["team_id"], row["effective_on"]) for row in rows]
    assert keys == sorted(set(keys))
    for row in rows:
        league = MAIN_LEAGUES[row["league"]]
        assert (league.country, row["team_id"]) in known
        season = league.season(row["season"])
        assert -40 < int(row["points"]) < 40
        assert row["points"] != "0"
        # From the summer before a season to the rulings on it in the summer after.
        assert date(season.start, 6, 1) <= date.fromisoformat(row["effective_on"]) <= date(season.start + 1, 9, 1)
        assert row["reason"]
        assert row["source"]


@pytest.mark.real_data
def test_every_club_of_the_main_divisions_since_2005_has_a_name_and_a_city(played):
    """Also the earlier one of two clubs of one name."""
    named, aliases = {row["team_id"] for row in _read_seed("clubs.csv")}, Aliases(read_seed())
    seen = {(row.country, name, str(Season.containing(row.day))) for row in played for name in (row.home, row.away)}
    clubs = {aliases.team_id(*each) for each in seen if each[2] >= "2005-06"}
    assert len(clubs) > 650
    assert clubs - named == set()


def test_proper_names_are_one_for_each_club_and_cities_are_given(aliases):
    rows = _read_seed("clubs.csv")
    assert {row["team_id"] for row in rows} <= {row["team_id"] for row in aliases}
    for column in ("team_id", "name"):
        assert len({row[column] for row in rows}) == len(rows)
    assert all(row["city"] and row["source"] for row in rows)
    for row in rows:
        for text in row.values():
            assert text == unicodedata.normalize("NFC", text).strip(), row


@pytest.mark.parametrize(
    ("club", "name", "city"),
    [
        ("man-city", "Manchester City", "Manchester"),
        ("nottm-forest", "Nottingham Forest", "Nottingham"),
        ("ath-madrid", "Atlético Madrid", "Madrid"),
        ("ath-bilbao", "Athletic Bilbao", "Bilbao"),
        ("paris-sg", "Paris Saint-Germain", "Paris"),
        ("mgladbach", "Borussia Mönchengladbach", "Mönchengladbach"),
        ("sp-lisbon", "Sporting CP", "Lisbon"),
        ("st-gilloise", "Union Saint-Gilloise", "Brussels"),
        ("buyuksehyr", "İstanbul Başakşehir", "Istanbul"),
        ("inverness-c", "Inverness Caledonian Thistle", "Inverness"),
    ],
)
def test_a_proper_name_is_the_one_readers_know(club, name, city):
    named = {row["team_id"]: row for row in _read_seed("clubs.csv")}
    assert (named[club]["name"], named[club]["city"]) == (name, city)
