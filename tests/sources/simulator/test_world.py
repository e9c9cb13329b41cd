"""A world is a function of its arguments, its seasons obey the rules of a league, and nobody in it exists."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, SITE_ZONE, Season
from footpred_dagster.sources.simulator import World
from footpred_dagster.sources.simulator.names import club_names, every_name
from footpred_dagster.sources.simulator.schedule import MAX_CLUBS

ROOT = Path(__file__).resolve().parents[3]
DIGEST = """
import hashlib
from datetime import UTC, datetime
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.simulator import World, render_fixtures, render_results
world, as_of = World(seed=7, leagues=("E0", "E1"), first_season=2022), datetime(2024, 10, 25, tzinfo=UTC)
pages = [render_fixtures(world, as_of), render_results(world, "E1", Season(2023), as_of)]
print(hashlib.sha256(b"".join(pages)).hexdigest())
"""


def goals(world: World, league: str, start: int) -> list[tuple[str, str, int, int]]:
    matches = world.season(league, Season(start))
    scores = zip(matches.home_goals.tolist(), matches.away_goals.tolist(), strict=True)
    return [(home, away, *score) for home, away, score in zip(matches.home, matches.away, scores, strict=True)]


@pytest.mark.parametrize("clubs", [4, 8, 20, 24])
def test_each_pair_meets_once_at_home_and_once_away_and_nobody_plays_twice_on_a_day(clubs):
    matches = World(leagues=("D1",), first_season=2021, clubs_per_league=clubs).season("D1", Season(2021))
    pairs = set(zip(matches.home, matches.away, strict=True))
    days = [kickoff.astimezone(SITE_ZONE).date() for kickoff in matches.kickoff]
    played = Counter(zip(days * 2, matches.home + matches.away, strict=True))

    assert len(pairs) == len(matches) == clubs * (clubs - 1)
    assert len(set(matches.clubs)) == clubs
    assert not any(home == away for home, away in pairs)
    assert max(played.values()) == 1
    assert list(matches.kickoff) == sorted(matches.kickoff)
    assert (min(days).month, max(days).month) == (7, 6)


@pytest.mark.parametrize("start", range(1993, 2027))
def test_a_season_has_midweeks_and_both_days_on_which_the_clocks_change(start):
    matches = World(leagues=("D1",), first_season=start).season("D1", Season(start))
    local = [kickoff.astimezone(SITE_ZONE) for kickoff in matches.kickoff]
    changes = {
        moment.date()
        for moment in local
        if moment.utcoffset() != moment.replace(hour=0, minute=0).astimezone(SITE_ZONE).utcoffset()
    }
    assert {(day.month, day.weekday()) for day in changes} == {(10, 6), (3, 6)}
    assert {moment.weekday() for moment in local} == {1, 2, 5, 6}


def test_three_clubs_go_up_and_three_down_and_leagues_keep_their_size(world):
    for start in range(2015, 2024):
        before, after = (
            [set(world.season(code, Season(year)).clubs) for code in ("E0", "E1")] for year in (start, start + 1)
        )
        table = sorted(
            zip(world.season("E0", Season(start)).points, world.season("E0", Season(start)).clubs, strict=True)
        )
        down = before[0] - after[0]

        assert [len(clubs) for clubs in after] == [20, 20]
        assert before[0] | before[1] == after[0] | after[1]
        assert len(down) == 3
        assert down <= after[1]
        assert max(points for points, club in table if club in down) <= table[3][0]
        assert set(world.season("D1", Season(start)).clubs) == set(world.season("D1", Season(start + 1)).clubs)


def test_asking_later_or_for_other_countries_changes_nothing_before(world):
    fresh = World(seed=1, leagues=("E0", "E1"), first_season=2015)
    assert goals(fresh, "E0", 2016) == goals(world, "E0", 2016)
    fresh.season("E0", Season(2026))
    assert goals(fresh, "E0", 2017) == goals(world, "E0", 2017)
    assert goals(World(seed=2, leagues=("E0", "E1"), first_season=2015), "E0", 2016) != goals(world, "E0", 2016)


def test_two_processes_with_other_hash_seeds_serve_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == hashlib.sha256().digest_size * 2


def test_statistics_follow_the_goals(seasons):
    for matches in seasons:
        counts, final = matches.statistics, np.stack([matches.home_goals, matches.away_goals], axis=1)
        half_time, shots, on_target = counts[:, 0:2], counts[:, 2:4], counts[:, 4:6]
        assert (half_time <= final).all()
        assert (final <= on_target).all()
        assert (on_target <= shots).all()


def test_strengths_last_longer_than_a_season_and_not_for_ever(world):
    """Forbids a world in which last year says nothing, or everything."""

    def strength(start: int) -> dict[str, int]:
        matches = world.season("I1", Season(start))
        return dict(zip(matches.clubs, matches.points, strict=True))

    points = [strength(start) for start in range(2015, 2025)]
    clubs = sorted(points[0])
    table = np.array([[season[club] for club in clubs] for season in points])
    next_year = np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairwise(table)])
    nine_years = np.corrcoef(table[0], table[-1])[0, 1]
    assert 0.4 < next_year < 0.9
    assert nine_years < next_year


def test_no_name_any_seed_can_give_is_or_contains_a_real_clubs():
    """Anywhere in the name for clubs of the simulated countries, as a word for all others: Moss is not Mosselgate."""
    with (ROOT / "dbt_project" / "seeds" / "team_aliases.csv").open(encoding="utf-8", newline="") as file:
        real = [(row["country"], row["name"].casefold()) for row in csv.DictReader(file)]
    assert len(real) > 800
    countries = {league.country for league in MAIN_LEAGUES.values()}
    names = {name.casefold() for league in MAIN_LEAGUES.values() for name in every_name(league.country)}
    inside = [(name, country, club) for name in names for country, club in real if club in name]
    assert [found for found in inside if found[1] in countries] == []
    assert [(name, club) for name, _, club in inside if re.search(rf"\b{re.escape(club)}\b", name)] == []


def test_names_are_unique_in_the_fullest_world_and_stable_when_it_grows():
    countries = Counter(league.country for league in MAIN_LEAGUES.values())
    for seed in range(5):
        stock = {country: club_names(seed, country, tiers * MAX_CLUBS) for country, tiers in countries.items()}
        everyone = [name for names in stock.values() for name in names]
        assert len({name.casefold() for name in everyone}) == len(everyone) == MAX_CLUBS * len(MAIN_LEAGUES)
        assert all(name.isascii() for name in everyone)
        assert club_names(seed, "Italy", 10) == stock["Italy"][:10]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"leagues": ("E0", "X9")}, "X9"),
        ({"leagues": ()}, "at least one"),
        ({"leagues": ("E0", "E0")}, "once"),
        ({"clubs_per_league": 19}, "19 clubs"),
        ({"clubs_per_league": 26}, "26 clubs"),
        ({"seed": -1}, "negative"),
        ({"first_season": 1992}, "1993"),
    ],
)
def test_an_impossible_world_says_why(arguments, message):
    with pytest.raises(ValueError, match=message):
        World(**arguments)


def test_what_a_world_does_not_hold_is_a_key_error(world):
    for league, start in (("N1", 2020), ("E0", 2014)):
        with pytest.raises(KeyError):
            world.season(league, Season(start))
    assert world.begun(datetime(2015, 7, 1, tzinfo=UTC)) == []
