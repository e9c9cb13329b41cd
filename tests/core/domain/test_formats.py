"""How often clubs meet, and how many matches a season has, by the rules of that season."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.domain.formats import CUT_SHORT, EXPUNGED, MEETINGS, SPLITS, in_force
from footpred_dagster.core.domain.rules import hosted_meetings, is_complete, matches_per_club
from footpred_dagster.sources.football_data.results import parse_results


@pytest.mark.parametrize(
    ("league", "start", "times"),
    [
        ("E0", 2024, 1),  # a double round robin
        ("SC1", 2024, 2),  # four meetings
        ("SC0", 1999, 2),
        ("SC0", 2000, 3),  # three meetings, and one more after the split
        ("SC3", 2020, 2),
        ("B1", 2008, 1),
        ("B1", 2023, 2),
        ("B1", 2026, 1),  # no play-offs any more
        ("G1", 2018, 1),
        ("G1", 2024, 2),
    ],
)
def test_a_club_hosts_an_opponent_as_often_as_the_phases_of_that_season_allow(league, start, times):
    assert hosted_meetings(league, Season(start)) == times


@pytest.mark.parametrize(
    ("league", "start", "matches"),
    [("E0", 1994, 42), ("E0", 1995, 38), ("SC0", 2024, 38), ("SC2", 2020, 22), ("B1", 2022, 34), ("T1", 2020, 40)],
)
def test_a_club_plays_as_many_matches_as_its_league_had_then(league, start, matches):
    assert matches_per_club(league, Season(start)) == matches


@pytest.mark.parametrize(("league", "start"), [("B1", 2023), ("G1", 2019), ("F1", 2019), ("SC0", 2019)])
def test_no_number_of_matches_is_given_where_clubs_play_different_numbers_or_the_season_was_cut_short(league, start):
    assert matches_per_club(league, Season(start)) is None


def test_the_extra_leagues_have_no_rules():
    assert hosted_meetings("BRA", Season(2024, autumn=False)) is None
    assert matches_per_club("BRA", Season(2024, autumn=False)) is None


def test_every_era_begins_after_the_one_before_it():
    for eras in (*MEETINGS.values(), *SPLITS.values()):
        starts = [start for start, _ in eras]
        assert starts == sorted(set(starts))
    with pytest.raises(KeyError):
        in_force(((2000, 1),), 1999)


@pytest.mark.real_data
def test_no_real_season_exceeds_its_rules(data_dir: Path):
    """Every file of the site: no opponent hosted more often, and no club with more matches."""
    for path in sorted((data_dir / "site" / "mmz4281").glob("*/*.csv")):
        league, season = path.stem, Season.parse(path.parent.name)
        matches = parse_results(path.read_bytes(), league, season).matches
        played = [match for match in matches if match.home_goals is not None]
        hosted = Counter((match.home, match.away) for match in played)
        most = hosted_meetings(league, season)
        assert most is not None
        assert max(hosted.values()) <= most, path
        expected = matches_per_club(league, season)
        counts = Counter(club for match in played for club in (match.home, match.away))
        if expected and not EXPUNGED.get((league, season.start)):
            assert max(counts.values()) == expected, path
        assert is_complete(league, season, len(counts), len(matches)), path
    assert {league for league, _ in CUT_SHORT} <= set(MAIN_LEAGUES)


@pytest.mark.parametrize(
    ("league", "season", "clubs", "matches", "complete"),
    [
        ("E0", 2024, 20, 380, True),
        ("E0", 2024, 20, 379, False),
        ("E0", 2024, 20, 190, False),
        ("SC0", 2023, 12, 228, True),
        ("SC0", 2023, 12, 198, False),  # before the split
        ("F1", 2019, 20, 279, True),  # cut short
        ("F1", 2019, 20, 278, False),
        ("SC0", 2019, 12, 100, False),
        ("SC0", 2019, 8, 56, True),  # a made-up league of that season
        ("SC0", 2019, 8, 55, False),
        ("E2", 2019, 23, 400, True),  # without Bury
        ("E2", 2019, 23, 399, False),
        ("F2", 2023, 20, 379, True),  # one match was never played
        ("F2", 2022, 20, 379, False),
        ("B1", 2022, 18, 306, True),  # the files lack the play-offs
        ("E0", 2024, 8, 56, True),  # made-up leagues
        ("E0", 2024, 8, 55, False),
        ("E0", 2024, 8, 28, False),  # every two clubs have met once
        ("E0", 2024, 2, 1, False),  # a file of one match
        ("ARG", 2023, 28, 378, None),
        ("E0", 2024, 0, 0, None),
    ],
)
def test_a_season_is_complete_when_its_rules_say_so(league, season, clubs, matches, complete):
    assert is_complete(league, Season(season), clubs, matches) == complete
