"""Which scores of a file were decided without play (FAULTS 53)."""

from __future__ import annotations

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.results import parse_results
from tests.support.football_data import body

HEADER = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,HS,AS,B365H,B365D,B365A,PSH,PSD,PSA,PSCH,PSCD,PSCA"
PLAYED = "E0,{day:02}/09/2024,Club {day},Other {day},2,0,H,1,0,H,9,7,2.1,3.2,3.6,,,,,,"
BARE = "E0,{day:02}/09/2024,Club {day},Other {day},3,0,H,,,,,,,,,,,,,,"
STRAY_CLOSE = "E0,{day:02}/09/2024,Club {day},Other {day},3,0,H,,,,,,,,,,,,1.5,4.2,6.1"


def awarded(*rows: str, header: str = HEADER) -> list[int]:
    """Numbers of the rows that look awarded, from 0."""
    lines = [row.format(day=number + 1) for number, row in enumerate(rows)]
    parsed = parse_results(body(*lines, header=header), "E0", Season(2024))
    assert len(parsed.matches) == len(rows)
    return [match.line - 2 for match in parsed.matches if match.looks_awarded]


@pytest.mark.fault(53, "a walkover is told from its row")
@pytest.mark.parametrize("bare", [BARE, STRAY_CLOSE])
def test_a_score_alone_in_a_file_that_has_everything_of_the_others(bare):
    assert awarded(*[PLAYED] * 9, bare) == [9]
    assert awarded(bare, *[PLAYED] * 18, bare) == [0, 19]


@pytest.mark.parametrize(
    "row",
    [
        BARE.replace("3,0,H,,,", "3,0,H,1,0,"),  # a half time
        BARE.replace("3,0,H,,,,", "3,0,H,,,,5"),  # a statistic
        BARE.replace(",,,,,,,,,,,,,,", ",,,,,,1.4,,,,,,,,"),  # one price
        BARE.replace(",,,,,,,,,,,,,,", ",,,,,,,,,1.4,4.1,7,,,"),  # of another bookmaker
        "E0,{day:02}/09/2024,Club {day},Other {day},,,,,,,,,,,,,,,,,",  # void
    ],
)
def test_a_row_with_anything_that_play_or_a_bookmaker_left_was_played(row):
    assert awarded(*[PLAYED] * 19, row) == []


def test_a_row_with_a_price_for_goals_was_played():
    priced, closing = f"{BARE},1.9,2.0,,", f"{BARE},,,1.9,2.0"
    header = f"{HEADER},B365>2.5,B365<2.5,B365C>2.5,B365C<2.5"
    assert awarded(*[f"{PLAYED},,,,"] * 18, priced, closing, header=header) == [19]


def test_a_gap_of_the_source_is_none():
    """Half times or prices that many rows lack say nothing about one."""
    without_price = PLAYED.replace(",2.1,3.2,3.6", ",,,")
    without_half_time = PLAYED.replace(",1,0,H,9,7", ",,,,,")
    assert awarded(*[PLAYED] * 8, *[without_price] * 1, BARE) == []
    assert awarded(*[PLAYED] * 8, *[without_half_time] * 1, BARE) == []
    assert awarded(*[PLAYED] * 8, *[BARE] * 2) == []
    bare_header = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
    assert awarded(*["E0,{day:02}/09/2024,Club {day},Other {day},3,0,H"] * 10, header=bare_header) == []


def test_a_row_that_does_not_line_up_is_not_taken_for_one():
    """It loses its statistics and prices because nobody knows which they are, not because there are none."""
    assert awarded(*[PLAYED] * 19, BARE + ",4.5") == []
