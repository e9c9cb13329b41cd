"""Rows that do not stand under their header keep the result and lose what came after it."""

from __future__ import annotations

import pytest

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.sources.football_data.results import parse_fixtures, parse_results
from footpred_dagster.sources.parsing.records import ParsedFile, RawMatch
from footpred_dagster.sources.parsing.tabular import FileRefused
from tests.support.football_data import body

HEADER = (
    "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,Referee,HS,AS,HST,AST,HF,AF,HC,AC,HY,AY,HR,AR,"
    "B365H,B365D,B365A,AvgH,AvgD,AvgA,AvgCH,AvgCD,AvgCA"
)
ROW = (
    "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H,1,0,H,J Gillett,18,9,6,3,17,14,8,2,2,2,0,0,"
    "1.2,7.5,15,1.19,7.23,14.51,1.18,7.8,16.2"
)
CELLS = ROW.split(",")
COLUMNS = HEADER.split(",")


def read(row: str) -> tuple[ParsedFile, RawMatch]:
    parsed = parse_results(body(row, header=HEADER), "E0", Season(2024))
    (match,) = parsed.matches
    return parsed, match


def bare(match: RawMatch) -> bool:
    return set(match[7:-1]) == {None} and not match.looks_awarded


def test_the_row_as_it_is_has_every_value() -> None:
    parsed, match = read(ROW)
    assert parsed.quarantined == []
    assert None not in match


@pytest.mark.parametrize("missing", range(1, 10))
def test_cells_that_are_missing_at_the_end_line_up(missing: int) -> None:
    parsed, match = read(",".join(CELLS[:-missing]) + "\n")
    assert match[:21] == read(ROW)[1][:21]
    assert {item.reason for item in parsed.quarantined} <= {"bad_odds"}


@pytest.mark.parametrize("more", [",", ",,,", ", , "])
def test_empty_cells_at_the_end_line_up(more: str) -> None:
    parsed, match = read(ROW + more)
    assert (match, parsed.quarantined) == (read(ROW)[1], [])


@pytest.mark.fault(52, "a row with a cell too few in the middle keeps its result, noted")
@pytest.mark.parametrize("place", range(COLUMNS.index("HTHG"), COLUMNS.index("AR") + 1))
def test_a_cell_missing_before_the_prices_costs_statistics_and_prices(place: int) -> None:
    parsed, match = read(",".join(CELLS[:place] + CELLS[place + 1 :]))
    assert (match.home, match.away, match.home_goals, match.away_goals) == ("Arsenal", "Wolves", 2, 0)
    assert bare(match)
    assert [item.reason for item in parsed.quarantined] == ["row_not_aligned"]


@pytest.mark.fault(52, "a row with a cell too many in the middle keeps its result, noted")
@pytest.mark.parametrize("place", range(COLUMNS.index("HTHG"), len(COLUMNS)))
@pytest.mark.parametrize("cell", ["", "7", "Smith"])
def test_a_cell_too_many_costs_statistics_and_prices(place: int, cell: str) -> None:
    parsed, match = read(",".join([*CELLS[:place], cell, *CELLS[place:]]))
    assert (match.home, match.away, match.home_goals, match.away_goals) == ("Arsenal", "Wolves", 2, 0)
    assert bare(match)
    assert [item.reason for item in parsed.quarantined] == ["row_not_aligned"]


@pytest.mark.parametrize("place", range(COLUMNS.index("Time"), COLUMNS.index("FTR") + 1))
def test_a_shift_before_the_result_quarantines_the_row(place: int) -> None:
    for cells in (CELLS[:place] + CELLS[place + 1 :], [*CELLS[:place], "x1", *CELLS[place:]]):
        parsed = parse_results(body(",".join(cells), header=HEADER), "E0", Season(2024))
        assert parsed.matches == []
        assert [item.dropped for item in parsed.quarantined] == [True]


def test_a_fixture_that_does_not_line_up_loses_its_prices() -> None:
    header, fixture = "Div,Date,Time,HomeTeam,AwayTeam,Referee,AvgH,AvgD,AvgA", "E0,05/12/2026,15:00,A,B,,2.5,3.3,2.8"
    parsed = parse_fixtures(body(fixture.replace("15:00,A,B,", "15:00,A,B,,"), header=header), LEAGUES)
    assert [(row.home, row.away, row.avg_h) for row in parsed.fixtures] == [("A", "B", None)]
    assert [item.reason for item in parsed.quarantined] == ["row_not_aligned"]


@pytest.mark.fault(52, "a header repeated inside a file is left out, and said")
@pytest.mark.parametrize("header", [HEADER, f"\ufeff{HEADER}", f"{HEADER},,"])
def test_a_repeated_header_is_left_out(header: str) -> None:
    other = ROW.replace("Arsenal,Wolves", "Leeds,Hull")
    parsed = parse_results(body(ROW, header, other, header=HEADER), "E0", Season(2024))
    assert [match.line for match in parsed.matches] == [2, 4]
    assert parsed.facts["rows_read"] == 2
    assert "the header stands again in line 3: left out" in str(parsed.facts["header_warnings"])


def test_a_second_header_of_other_columns_refuses_the_file() -> None:
    other = HEADER.replace("HS,AS", "AS,HS")
    with pytest.raises(FileRefused, match=r"header_changes: line 3 is a header with other columns"):
        parse_results(body(ROW, other, ROW, header=HEADER), "E0", Season(2024))
