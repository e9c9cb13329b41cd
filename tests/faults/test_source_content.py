"""FAULTS 8 to 11, 13 to 16, 20 and 21: what a file says wrongly, from the wire to the tables."""

from __future__ import annotations

from datetime import date

import pytest

from footpred_dagster.sources.clients.base import FIXTURES_PATH
from footpred_dagster.sources.football_data.load import due
from tests.faults.conftest import E0, Ingest
from tests.support.football_data import GOOD, HEADER, OTHER, body

THIRD = "E0,19/08/2024,20:00,Preußen,Tottenham,1,1,D"
CLEAN = body(GOOD, OTHER, THIRD)
STATISTICS = f"{HEADER},HS,HST,AvgH,AvgD,AvgA"


def without_lines(ingest: Ingest) -> list[tuple[object, ...]]:
    """The rows without key and line number."""
    return [row[4:] for row in ingest.matches()]


@pytest.mark.parametrize(
    ("shape", "data", "facts"),
    [
        ("BOM", b"\xef\xbb\xbf" + CLEAN, {"encoding": "utf-8 with BOM"}),
        ("latin-1", CLEAN.decode().encode("latin-1"), {"encoding": "cp1252"}),
        (
            "mojibake",
            (b"\xef\xbb\xbf" + CLEAN).decode("cp1252").encode(),
            {"encoding": "utf-8 with mojibake BOM"},
        ),
        ("LF", CLEAN.replace(b"\r\n", b"\n"), {"blank_rows": 0}),
        ("CR CR LF", CLEAN.replace(b"\r\n", b"\r\r\n"), {"blank_rows": 0}),
        ("doubled", CLEAN.replace(b"\r\n", b"\r\n\r\n"), {"blank_rows": 4}),
        ("blank rows", CLEAN.replace(b"\r\nE0", b"\r\n,,,\r\nE0"), {"blank_rows": 3}),
        ("ragged rows", body(GOOD + ",,", OTHER, THIRD + ", "), {"ragged_rows": 2}),
        ("trailing commas", CLEAN.replace(b"\r\n", b",,,\r\n"), {"ragged_rows": 0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fault_08_encodings_line_ends_blank_and_ragged_rows_give_the_rows_of_the_clean_file(
    ingest: Ingest, shape: str, data: bytes, facts: dict[str, object]
) -> None:
    assert ingest.publish(CLEAN).rows == 3
    clean = without_lines(ingest)
    found = ingest.publish(data)
    assert (found.state, found.rows, found.quarantined) == ("loaded", 3, 0), shape
    assert without_lines(ingest) == clean
    assert facts.items() <= found.metadata().items()


def test_fault_09_duplicate_blank_and_ht_at_headers_are_read_and_warned_of(ingest: Ingest) -> None:
    header = HEADER.replace("HomeTeam", "HT").replace("AwayTeam", "AT") + ",LB,LB,,"
    found = ingest.publish(body(GOOD + ",1,2,3,4", header=header))
    assert ingest.ask("select home, away from raw.matches") == [("Arsenal", "Wolves")]
    assert ingest.ask("select jsonb_array_length(facts -> 'header_warnings') from raw.loads") == [(4,)]
    assert (found.facts or {})["header_warnings"] == [
        "column 'LB' again at position 10: the first one is read",
        "columns without a name: 2, the first at position 11; not read",
        "column 'HT' read as 'HomeTeam'",
        "column 'AT' read as 'AwayTeam'",
    ]


def test_fault_10_unknown_columns_are_accepted(ingest: Ingest) -> None:
    header = HEADER.replace("FTHG", "HxG,AxG,FTHG")
    assert ingest.publish(body(GOOD.replace("2,0,H", "1.7,0.4,2,0,H"), header=header)).rows == 1
    assert ingest.ask("select home_goals, away_goals from raw.matches") == [(2, 0)]


@pytest.mark.parametrize("column", HEADER.replace("Time,", "").split(","))
def test_fault_10_a_required_column_missing_is_refused_naming_it(ingest: Ingest, column: str) -> None:
    ingest.publish(CLEAN)
    before = ingest.matches()
    found = ingest.publish(CLEAN.replace(column.encode(), b"Other", 1))
    assert found.state == "refused"
    assert (found.detail or "").startswith(f"missing_column: no column {column}: ")
    assert ingest.ask("select reason, structural from raw.refusals") == [("missing_column", True)]
    assert ingest.matches() == before


def test_fault_11_both_date_styles_give_the_same_dates_and_an_impossible_one_is_quarantined(ingest: Ingest) -> None:
    ingest.publish(CLEAN)
    four_digits = ingest.matches()
    assert ingest.publish(CLEAN.replace(b"/2024", b"/24")).state == "loaded"
    assert ingest.matches() == four_digits
    assert four_digits[0][4] == date(2024, 8, 17)
    assert ingest.publish(CLEAN.replace(b"18/08/2024", b"31/11/2024")).rows == 2
    assert ingest.quarantine() == [(E0.path, 3, "Date", "impossible_date", "31/11/2024", True)]


def test_fault_13_an_exact_duplicate_is_read_once_and_of_conflicting_ones_both_are_quarantined(ingest: Ingest) -> None:
    assert ingest.publish(body(GOOD, OTHER, GOOD)).metadata()["duplicate_rows"] == 1
    assert [row[3] for row in ingest.matches()] == [2, 3]
    assert ingest.publish(body(GOOD, OTHER, GOOD.replace("2,0,H", "2,1,H"))).rows == 1
    assert ingest.quarantine() == [
        (E0.path, 2, "FTHG", "conflicting_duplicate", "2-0", True),
        (E0.path, 4, "FTHG", "conflicting_duplicate", "2-1", True),
    ]


@pytest.mark.fault(14, "a pair beyond the meetings of the division: one match for equal scores, else both quarantined")
def test_fault_14_a_pair_beyond_the_meetings_of_its_division(ingest: Ingest) -> None:
    later = GOOD.replace("17/08/2024", "01/02/2025")
    assert ingest.publish(body(GOOD, later)).rows == 1
    assert ingest.quarantine() == [(E0.path, 3, "Date", "told_twice", "also on line 2 with the date 17/08/2024", False)]
    assert ingest.publish(body(GOOD, OTHER, later.replace("2,0,H", "2,1,H"))).rows == 1
    assert [(line, reason) for _, line, _, reason, _, dropped in ingest.quarantine() if dropped] == [
        (2, "too_many_meetings"),
        (4, "too_many_meetings"),
    ]


@pytest.mark.parametrize(
    ("score", "column", "reason", "value"),
    [
        ("2,0,A", "FTR", "result_disagrees", "A for 2-0"),
        ("-1,0,A", "FTHG", "bad_goals", "-1"),
        ("0,21,A", "FTAG", "bad_goals", "21"),
        ("1.5,0,H", "FTHG", "bad_goals", "1.5"),
        ("abc,0,H", "FTHG", "bad_goals", "abc"),
    ],
)
def test_fault_15_a_score_that_cannot_be_is_quarantined_with_line_column_and_reason(
    ingest: Ingest, score: str, column: str, reason: str, value: str
) -> None:
    assert ingest.publish(body(OTHER, GOOD.replace("2,0,H", score))).rows == 1
    assert ingest.quarantine() == [(E0.path, 3, column, reason, value, True)]


def test_fault_15_a_team_does_not_play_itself(ingest: Ingest) -> None:
    assert ingest.publish(body(OTHER, GOOD.replace("Wolves", "Arsenal"))).rows == 1
    assert ingest.quarantine() == [(E0.path, 3, "AwayTeam", "same_team", "Arsenal", True)]


def test_fault_16_a_match_without_score_is_kept_as_void(ingest: Ingest) -> None:
    """Awarded ones carry a half time of 0-3 A: nothing of it may look like a result."""
    header = f"{HEADER},HTHG,HTAG,HTR,HS"
    assert (
        ingest.publish(
            body(f"{GOOD},1,0,H,9", GOOD.replace("17/", "24/").replace("2,0,H", ",,,0,3,A,9"), header=header)
        ).rows
        == 2
    )
    assert ingest.quarantine() == []
    void = ingest.ask(
        "select home_goals, away_goals, ht_home_goals, ht_away_goals, home_shots from raw.matches where line = 3"
    )
    assert void == [(None,) * 5]


def test_fault_20_formulas_and_html_in_names_are_stored_as_text(ingest: Ingest) -> None:
    hostile = [
        "=HYPERLINK(1)",
        "+1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "O'Neill; drop table x",
    ]
    rows = [f"E0,{day}/08/2024,15:00,{name},Wolves {day},2,0,H" for day, name in enumerate(hostile, 10)]
    assert ingest.publish(body(*rows)).rows == len(hostile)
    assert [name for (name,) in ingest.ask("select home from raw.matches order by line")] == hostile


@pytest.mark.parametrize("odds", ["0,4.2,7", "1.0,4.2,7", "#,4.2,7", "x,x,x", "2.79,3.27,3.08", "1.5,,7"])
def test_fault_21_odds_that_cannot_be_give_no_market_line_and_the_match_is_kept(ingest: Ingest, odds: str) -> None:
    assert ingest.publish(body(f"{OTHER},9,4,1.5,4.2,7", f"{GOOD},9,4,{odds}", header=STATISTICS)).rows == 2
    kept = ingest.ask("select home_goals, home_shots, avg_h, avg_d, avg_a from raw.matches order by line")
    assert kept == [(0, 9, 1.5, 4.2, 7.0), (2, 9, None, None, None)]
    assert ingest.quarantine() == [(E0.path, 3, "AvgH", "bad_odds", odds.replace(",", "/"), False)]


def test_fixtures_are_quarantined_row_by_row_too(ingest: Ingest) -> None:
    header = "Div,Date,Time,HomeTeam,AwayTeam,AvgH,AvgD,AvgA"
    rows = ("E0,02/11/2024,15:00,Arsenal,Wolves,1.5,4.2,7", "E0,31/11/2024,15:00,Chelsea,Leeds,x,4.2,7")
    assert ingest.publish(body(*rows, header=header), FIXTURES_PATH).rows == 1
    assert ingest.quarantine() == [(FIXTURES_PATH, 3, "Date", "impossible_date", "31/11/2024", True)]
    assert due(ingest.connection, [E0]) == []
