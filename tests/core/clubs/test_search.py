"""A club is found by any name, city or initials, whatever the accents, and with a typing error; order is by fit."""

from __future__ import annotations

import csv

import pytest

from footpred_dagster.core.clubs.search import Club, ClubSearch, folded
from footpred_dagster.core.settings import PACKAGE_ROOT

SEEDS = PACKAGE_ROOT / "dbt_project" / "seeds"


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def search() -> ClubSearch:
    """Every club that has a proper name, in one league a country."""
    spellings: dict[str, list[str]] = {}
    countries: dict[str, str] = {}
    for row in rows("team_aliases.csv"):
        spellings.setdefault(row["team_id"], []).append(row["name"])
        countries[row["team_id"]] = row["country"]
    return ClubSearch([
        Club(
            club["team_id"],
            spellings[club["team_id"]][0],
            club["name"],
            countries[club["team_id"]],
            countries[club["team_id"]],
            club["city"],
            (*spellings[club["team_id"]], *(also for also in club["also"].split("|") if also)),
        )
        for club in rows("clubs.csv")
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("manchester", {"man-city", "man-united"}),
        ("nottingham", {"nottm-forest", "notts-county"}),
        ("atletico", {"ath-madrid"}),
        ("real sociedad", {"sociedad"}),
        ("paris saint", {"paris-sg"}),
        ("PSG", {"paris-sg"}),
        ("borussia", {"dortmund", "mgladbach"}),
        ("wolverhampton", {"wolves"}),
        ("espanyol", {"espanol"}),
        ("sporting", {"sp-lisbon", "sp-gijon"}),
        ("munchen", {"bayern-munich", "munich-1860"}),
        ("München", {"bayern-munich", "munich-1860"}),
        ("koln", {"fc-koln"}),
        ("cologne", {"fc-koln"}),
        ("Bayern Munich", {"bayern-munich"}),
        ("Nott'm Forest", {"nottm-forest"}),
        ("KASIMPASA", {"kasimpasa"}),
        ("qpr", {"qpr"}),
        ("brighton & hove", {"brighton"}),
        ("brighton and hove", {"brighton"}),
        # typing errors
        ("mancester", {"man-city", "man-united"}),
        ("notingham forrest", {"nottm-forest"}),
        ("athletico madrid", {"ath-madrid"}),
        ("chelsae", {"chelsea"}),
        ("liverpol", {"liverpool"}),
        ("muenchen", {"bayern-munich", "munich-1860"}),
        ("realsociedad", {"sociedad"}),
    ],
)
def test_the_first_clubs_found_are_those_meant(search, query, expected):
    found = [club.team_id for club in search.find(query)]
    assert set(found[: len(expected)]) == expected


def test_a_typing_error_is_allowed_for_only_where_nothing_is_spelled_so(search):
    assert {club.team_id for club in search.find("lens")} == {"lens"}
    assert [club.team_id for club in search.find("genk")] == ["genk"]


@pytest.mark.parametrize("nothing", ["", "  ", "?!", "xyzzy", "qq"])
def test_what_is_like_no_name_finds_nothing(search, nothing):
    assert search.find(nothing) == []
    assert search.suggest(nothing) == []


def test_every_club_is_found_first_by_its_proper_name(search):
    assert [c.display_name for c in search.clubs if search.find(c.display_name)[0].team_id != c.team_id] == []


def test_a_proper_name_comes_before_an_alias_and_an_alias_before_a_city():
    clubs = [
        Club("city", "C", "Cee", "X", "L", city="Alpha"),
        Club("alias", "B", "Bee", "X", "L", aliases=("Alpha",)),
        Club("proper", "A", "Alpha", "X", "L"),
    ]
    assert [club.team_id for club in ClubSearch(clubs).find("alpha")] == ["proper", "alias", "city"]


def test_clubs_that_match_equally_well_come_in_order_of_rank():
    clubs = [Club(str(rank), f"Town {rank}", f"Town {rank}", "X", "L", rank=(-rank,)) for rank in range(3)]
    assert [club.team_id for club in ClubSearch(clubs).find("town", limit=2)] == ["2", "1"]


def test_a_league_can_be_chosen_and_suggestions_keep_to_it(search):
    assert [club.country for club in search.find("sporting", leagues=["Spain"])] == ["Spain"]
    assert {club.country for club in search.suggest("Barselona Futbol", leagues=["Spain"])} == {"Spain"}


def test_a_name_is_resolved_by_any_spelling_within_its_league_alone(search):
    for name in ("Manchester City", "MAN CITY", "man-city", "Manchester City FC", "manchester  city"):
        assert [club.team_id for club in search.named("England", name)] == ["man-city"], name
    assert search.named("England", "Manchester") == []
    assert search.named("England", "Man City\0") == []
    assert search.named("Spain", "Manchester City") == []
    two = ClubSearch([Club("a", "Real A", "Royal", "X", "L"), Club("b", "Real B", "Real", "X", "L", None, ("Royal",))])
    assert {club.team_id for club in two.named("L", "royal")} == {"a", "b"}


def test_folding_takes_off_what_readers_leave_out():
    assert folded("İstanbul Başakşehir") == "istanbul basaksehir"
    assert folded("King’s Lynn & Preußen-Münster") == "kings lynn preussen munster"
    assert folded("Bodø/Glimt") == "bodo glimt"
