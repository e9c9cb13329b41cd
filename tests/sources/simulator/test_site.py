"""The parser believes every byte, time only adds matches, and a fixture keeps its identity when it is played."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from footpred_dagster.core.domain import Season, kickoff_utc
from footpred_dagster.sources.football_data.results import parse_fixtures, parse_results
from footpred_dagster.sources.simulator import render_fixtures, render_results
from footpred_dagster.sources.simulator.site import ANNOUNCED

NOON = datetime(2024, 10, 25, 12, tzinfo=UTC)
"""A Friday before the weekend on which the clocks change."""


def test_every_file_parses_without_a_single_doubt(world, over):
    for start in (2015, 2019, 2024):
        for league in world.leagues:
            body = render_results(world, league, Season(start), over)
            assert body is not None
            assert body.startswith(b"\xef\xbb\xbfDiv,")
            assert body.endswith(b"\r\n")
            parsed = parse_results(body, league, Season(start))
            assert (len(parsed.matches), parsed.quarantined) == (380, [])
            assert parsed.facts["header_warnings"] == []
            assert (parsed.facts["encoding"], parsed.facts["date_style"]) == ("utf-8 with BOM", "dd/mm/yyyy")
            assert not any(None in match for match in parsed.matches)


def test_parsed_values_are_the_worlds(world, over):
    season = world.season("E0", Season(2023))
    parsed = parse_results(render_results(world, "E0", Season(2023), over), "E0", Season(2023)).matches
    assert [(m.home, m.away) for m in parsed] == list(zip(season.home, season.away, strict=True))
    assert [kickoff_utc(m.match_date, m.kickoff_time) for m in parsed] == list(season.kickoff)
    assert [m.home_goals for m in parsed] == season.home_goals.tolist()
    assert [list(m[7:21]) for m in parsed] == season.statistics.tolist()


def test_a_later_file_only_appends(world):
    bodies = [render_results(world, "E0", Season(2024), NOON + timedelta(hours=9 * step)) for step in range(60)]
    lengths = [len(body) for body in bodies]
    assert all(later.startswith(earlier) for earlier, later in pairwise(bodies))
    assert lengths[0] < lengths[-1]


def test_a_result_appears_two_hours_after_kickoff(world):
    first = world.season("E0", Season(2024)).kickoff[0]
    end = first + timedelta(hours=2)
    assert render_results(world, "E0", Season(2024), end - timedelta(minutes=1)) is None
    assert len(parse_results(render_results(world, "E0", Season(2024), end), "E0", Season(2024)).matches) == 1


@pytest.mark.parametrize(("league", "start"), [("E0", 2025), ("E0", 2092), ("E0", 2014), ("N1", 2020), ("XX", 2020)])
def test_what_is_not_published_is_none(world, league, start):
    assert render_results(world, league, Season(start), NOON) is None


def test_fixtures_hold_the_coming_fortnight_and_the_last_two_days(world):
    monday = datetime(2024, 10, 28, 9, tzinfo=UTC)
    for as_of in (NOON, monday):
        parsed = parse_fixtures(render_fixtures(world, as_of), world.leagues)
        assert (parsed.quarantined, parsed.facts["header_warnings"]) == ([], [])
        assert parsed.facts["columns"][-3:] == ["MaxCH", "MaxCD", "MaxCA"]
        kickoffs = [kickoff_utc(row.match_date, row.kickoff_time) for row in parsed.fixtures]
        assert {row.league for row in parsed.fixtures} == set(world.leagues)
        assert as_of - timedelta(days=2) < min(kickoffs)
        assert max(kickoffs) <= as_of + timedelta(days=14)
        assert all(row.avg_h and row.avg_d and row.avg_a for row in parsed.fixtures)
        expected = sum(
            as_of - timedelta(days=2) < kickoff <= as_of + timedelta(days=14)
            for matches in world.begun(as_of + timedelta(days=14))
            for kickoff in matches.kickoff
        )
        assert len(kickoffs) == expected
    assert any(kickoff < monday for kickoff in kickoffs)
    assert b",,,,,,\r\n" in render_fixtures(world, NOON)


def test_a_fixture_becomes_the_match_it_announced(world, over):
    announced = parse_fixtures(render_fixtures(world, NOON), world.leagues).fixtures
    played = {
        (league, m.match_date, m.kickoff_time, m.home, m.away, m.avg_h, m.avg_d, m.avg_a)
        for league in world.leagues
        for m in parse_results(render_results(world, league, Season(2024), over), league, Season(2024)).matches
    }
    assert len(announced) > 30
    assert {tuple(row[1:]) for row in announced} <= played


def test_whatever_the_day_there_is_a_match_to_come_in_every_league(world):
    """The demo runs on any day of the year, June and Christmas included."""
    for day in range(3 * 366):
        as_of = datetime(2022, 1, 1, 23, tzinfo=UTC) + timedelta(days=day)
        ahead = {
            matches.league
            for matches in world.begun(as_of + ANNOUNCED)
            if matches.kicked_off(as_of) < matches.kicked_off(as_of + ANNOUNCED)
        }
        assert ahead == set(world.leagues), as_of


def test_before_all_football_there_is_a_header_and_no_fixture(world):
    before_all = render_fixtures(world, datetime(2001, 1, 1, tzinfo=UTC))
    assert before_all.count(b"\r\n") == 1
