"""A file's dates judged as a whole: their order, their form, and the season they belong to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.results import parse_results
from footpred_dagster.sources.parsing.tabular import FileRefused
from footpred_dagster.sources.parsing.tolerance import without_future
from tests.support.football_data import GOOD, body

ROUND = 10


def season_file(first: date, rounds: int, form: str = "%d/%m/%Y", division: str = "E0", every: int = 7) -> bytes:
    """``rounds`` rounds of ten matches of 20 clubs, a week apart; no pair meets twice at one ground before round 39."""
    rows = []
    for number in range(rounds):
        day = first + timedelta(days=every * number)
        clubs = list(range(20))
        turned = [clubs[0], *[clubs[1 + (place + number) % 19] for place in range(19)]]
        for home, away in zip(turned[:10], reversed(turned[10:]), strict=True):
            one, other = (home, away) if number < 19 else (away, home)
            rows.append(f"{division},{day.strftime(form)},15:00,Club {one},Club {other},1,0,H")
    return body(*rows)


def refusal(data: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        parse_results(data, "E0", Season(2024))
    return caught.value


def test_the_site_s_own_order_is_read() -> None:
    assert len(parse_results(season_file(date(2024, 8, 17), 38), "E0", Season(2024)).matches) == 380


@pytest.mark.fault(52, "month-first dates: the file is refused whole")
@pytest.mark.parametrize("form", ["%m/%d/%Y", "%m/%d/%y"])
@pytest.mark.parametrize("rounds", [2, 5, 38])
def test_month_first_dates_refuse_the_whole_file(form: str, rounds: int) -> None:
    found = refusal(season_file(date(2024, 8, 17), rounds, form))
    assert found.reason == "month_first_dates"
    assert "line 2: '08/17/" in found.detail
    assert "day/month/year" in found.detail


@pytest.mark.fault(52, "ISO dates and other forms: the file is refused whole, naming line and cell")
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y 00:00", "%d %b %Y", "%Y%m%d", "45521"])
def test_dates_in_another_form_refuse_the_whole_file(form: str) -> None:
    found = refusal(season_file(date(2024, 8, 17), 3, form))
    assert found.reason == "unreadable_dates"
    assert "30 of 30 dates" in found.detail
    assert "line 2" in found.detail


def test_a_few_unreadable_dates_cost_their_rows_only() -> None:
    data = season_file(date(2024, 8, 17), 38).replace(b"17/08/2024", b"2024-08-17", 3)
    parsed = parse_results(data, "E0", Season(2024))
    assert len(parsed.matches) == 377
    assert {item.reason for item in parsed.quarantined} == {"impossible_date"}


def test_one_impossible_date_in_a_first_round_is_no_proof_of_month_first() -> None:
    data = season_file(date(2024, 8, 9), 1).replace(b"09/08/2024", b"08/24/2024", 1)
    assert len(parse_results(data, "E0", Season(2024)).matches) == ROUND - 1


@pytest.mark.fault(52, "a first load with over 2 % and over three unreadable rows is refused whole")
def test_many_rows_unreadable_for_any_reason_refuse_the_file_naming_the_first() -> None:
    data = season_file(date(2024, 8, 17), 38).replace(b",1,0,H", b",1,0,A", 9)
    found = refusal(data)
    assert found.reason == "unreadable_rows"
    for part in ("9 of 380 rows", "result_disagrees 9", "line 2, column FTR", "footpred inspect"):
        assert part in found.detail


@pytest.mark.fault(52, "next season's file under a season's address is refused whole")
@pytest.mark.parametrize(
    ("first", "rounds"),
    [(date(2025, 8, 16), 38), (date(2025, 8, 9), 2), (date(2025, 7, 12), 4), (date(2023, 8, 12), 38)],
)
def test_another_season_s_file_is_refused_whole(first: date, rounds: int) -> None:
    found = refusal(season_file(first, rounds))
    assert found.reason == "wrong_season"
    assert f"dates are of {Season.containing(first)}, 2024-25 was requested" in found.detail


def test_two_seasons_in_one_file_are_not_read_as_one() -> None:
    both = season_file(date(2024, 8, 17), 38) + season_file(date(2025, 8, 16), 3).partition(b"\r\n")[2]
    assert refusal(both).reason == "unreadable_rows"


def test_a_season_that_runs_late_without_a_pause_is_read_to_its_end() -> None:
    """2019-20 was played until 7 August 2020."""
    late = season_file(date(2019, 11, 16), 38)
    parsed = parse_results(late, "E0", Season(2019))
    assert max(match.match_date for match in parsed.matches) == date(2020, 8, 1)
    assert len(parsed.matches) == 380


def test_a_date_of_the_next_august_belongs_to_the_next_season() -> None:
    parsed = parse_results(
        season_file(date(2024, 8, 17), 38) + GOOD.replace("17/08/2024", "16/08/2025").encode(), "E0", Season(2024)
    )
    assert [(item.reason, item.value) for item in parsed.quarantined] == [("date_outside_season", "16/08/2025")]


def test_a_score_dated_after_the_fetch_is_quarantined_and_many_refuse_the_file() -> None:
    """The only sign of month-first dates in a file of the first days of a season."""
    parsed = parse_results(season_file(date(2024, 8, 9), 2), "E0", Season(2024))
    assert without_future(parsed, date(2024, 8, 16)) == parsed
    with pytest.raises(FileRefused, match="result_in_future 10"):
        without_future(parsed, date(2024, 8, 10))
    alone = parse_results(
        body(GOOD, GOOD.replace("17/08/2024,15:00,Arsenal,Wolves", "10/08/2024,15:00,A,B")), "E0", Season(2024)
    )
    kept = without_future(alone, date(2024, 8, 11))
    assert ([match.home for match in kept.matches], kept.quarantined[0].reason) == (["A"], "result_in_future")
