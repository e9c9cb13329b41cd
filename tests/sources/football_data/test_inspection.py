"""What the inspection says of every kind of defective file, and how it learns what a file is."""

from __future__ import annotations

import gzip
import json
from pathlib import PurePath
from typing import Any

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import MAX_BODY
from footpred_dagster.sources.football_data.inspection import Inspection, inspect_body
from tests.support.football_data import GOOD, HEADER, OTHER, body

THIRD = "E0,19/08/2024,20:00,Leicester,Tottenham,1,1,D"
ODDS = f"{HEADER},AvgH,AvgD,AvgA,AvgCH,AvgCD,AvgCA"
EXTRA = "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,AvgCH,AvgCD,AvgCA"
PATH = PurePath("/copies/mmz4281/2425/E0.csv")


def inspect(data: bytes, path: PurePath = PATH, **said: Any) -> Inspection:
    found = inspect_body(data, path, **said)
    json.dumps(found.as_json(), allow_nan=False)
    assert found.accepted is (found.reason is None)
    if found.accepted:
        dropped = sum(item["dropped"] for item in found.quarantined)
        others = sum(found.other_leagues.values())
        assert found.rows == found.matches + found.void + found.fixtures + found.duplicates + others + dropped
    return found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<!DOCTYPE HTML><html><title>300 Multiple Choices</title>E1.csv", "html: not CSV: HTML"),
        (body(GOOD, OTHER)[:-12], "truncated: the body breaks off in line 3"),
        (body(GOOD).replace(b"FTAG", b"AG", 1), "missing_column: no column FTAG"),
        (body(GOOD, OTHER.replace("E0", "EC")), "wrong_division: line 3 is of division 'EC', E0 was requested"),
        (body(*[GOOD.replace("17/08/2024", f"{day}/08/2019") for day in range(10, 20)]), "wrong_season: "),
        (b"", "empty: "),
        (b"\r\n ,,,\r\n", "empty: "),
        (body(), "empty: "),
        (body(GOOD).decode().encode("utf-16"), "undecodable: "),
        (body(GOOD).replace(b"Wolves", b"Wol\0ves"), "undecodable: "),
        (gzip.compress(body(GOOD)), "undecodable: the body is binary, compressed"),
        (b'{"name": "Premier League", "matches": []}', "not_csv: "),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)), "not_csv: "),
        (b"x" * (MAX_BODY + 1), "too_large: over 8 MiB"),
    ],
)
def test_a_file_that_would_be_refused_says_why(data: bytes, code: str) -> None:
    found = inspect(data)
    assert found.reason is not None
    assert found.reason.startswith(code)
    assert (found.matches, found.void, found.quarantined, found.bytes) == (0, 0, [], len(data))


@pytest.mark.parametrize(
    ("row", "column", "reason", "value"),
    [
        ("E0,31/11/2024,15:00,A,B,1,0,H", "Date", "impossible_date", "31/11/2024"),
        ("E0,2024-11-30,15:00,A,B,1,0,H", "Date", "impossible_date", "2024-11-30"),
        ("E0,30/11/2019,15:00,A,B,1,0,H", "Date", "date_outside_season", "30/11/2019"),
        ("E0,30/11/2024,15:00,A,B,1,0,A", "FTR", "result_disagrees", "A for 1-0"),
        ("E0,30/11/2024,15:00,A,B,-1,0,A", "FTHG", "bad_goals", "-1"),
        ("E0,30/11/2024,15:00,A,B,0,21,A", "FTAG", "bad_goals", "21"),
        ("E0,30/11/2024,15:00,A,B,1.5,0,H", "FTHG", "bad_goals", "1.5"),
        ("E0,30/11/2024,15:00,A,B,abc,0,H", "FTHG", "bad_goals", "abc"),
        ("E0,30/11/2024,15:00,A,A,1,0,H", "AwayTeam", "same_team", "A"),
        (",30/11/2024,15:00,A,B,1,0,H", "Div", "missing_division", ""),
        (",#REF!,#REF!,#REF!,#REF!,#REF!,#REF!,#REF!", "Date", "spreadsheet_error", "#REF!"),
    ],
)
def test_a_row_that_would_be_dropped_is_listed_by_line_column_reason_and_value(
    row: str, column: str, reason: str, value: str
) -> None:
    found = inspect(body(GOOD, row, OTHER))
    assert (found.accepted, found.rows, found.matches) == (True, 3, 2)
    listed = {"line": 3, "column": column, "reason": reason, "value": value, "dropped": True}
    assert (found.quarantined, found.quarantined_by_reason) == ([listed], {reason: 1})


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbf" + body(GOOD, OTHER), "utf-8 with BOM"),
        ("ï»¿".encode() + body(GOOD, OTHER, end="\r\r\n"), "utf-8 with mojibake BOM"),
        (body(GOOD + " \xa0", OTHER).decode().encode("latin-1"), "cp1252"),
        (body(GOOD, "", ",,,", OTHER + ",,,,", end="\n\n"), "ascii"),
    ],
)
def test_the_shape_of_a_file_is_told_and_changes_no_count(data: bytes, encoding: str) -> None:
    found = inspect(data)
    assert (found.rows, found.matches, found.quarantined, found.encoding) == (2, 2, [], encoding)
    assert found.dates == {"style": "dd/mm/yyyy", "first": "2024-08-17", "last": "2024-08-18"}


def test_void_matches_and_duplicates_are_counted_apart() -> None:
    found = inspect(body(GOOD, GOOD, OTHER, THIRD.replace("1,1,D", ",,")))
    assert (found.rows, found.matches, found.void, found.duplicates) == (4, 2, 1, 1)


def test_conflicting_duplicates_are_both_quarantined() -> None:
    found = inspect(body(GOOD, OTHER, GOOD.replace("2,0,H", "3,0,H")))
    assert [(item["line"], item["value"]) for item in found.quarantined] == [(2, "2-0"), (4, "3-0")]
    assert found.quarantined_by_reason == {"conflicting_duplicate": 2}


def test_odds_coverage_is_the_share_of_scored_matches_with_three_believable_prices() -> None:
    rows = (
        f"{GOOD},1.5,4.2,7,1.5,4.2,7",
        f"{OTHER},0,4.2,7,1.6,4.2,7",
        f"{THIRD},x,#,1.0,2.79,3.27,3.08",
        "E0,20/08/2024,20:00,Leeds,Derby,,,,1.5,4.2,7,1.5,4.2,7",
    )
    found = inspect(body(*rows, header=ODDS))
    assert found.odds == {
        "opening": {"columns": ["AvgH", "AvgD", "AvgA"], "priced": 1, "share": 0.3333},
        "closing": {"columns": ["AvgCH", "AvgCD", "AvgCA"], "priced": 2, "share": 0.6667},
    }
    assert found.quarantined_by_reason == {"bad_odds": 3}
    assert not any(item["dropped"] for item in found.quarantined)


def test_headers_are_warned_of() -> None:
    header = HEADER.replace("HomeTeam", "HT").replace("AwayTeam", "AT") + ",,LB,LB"
    found = inspect(body(GOOD, header=header))
    assert found.warnings == [
        "column 'LB' again at position 11: the first one is read",
        "columns without a name: 1, the first at position 9; not read",
        "column 'HT' read as 'HomeTeam'",
        "column 'AT' read as 'AwayTeam'",
    ]


def test_what_no_real_file_has_is_warned_of() -> None:
    two = OTHER.replace("18/08/2024", "17/08/24")
    assert inspect(body(GOOD, two)[:-2]).warnings == [
        "two date styles in one file, which no real file has",
        "no line end after the last row: a cut inside its last cell could not be seen",
    ]


class TestWhatAFileIs:
    @pytest.mark.parametrize(
        ("path", "said", "league", "season"),
        [
            ("/x/mmz4281/2425/E0.csv", {}, ("E0", "path"), ("2425", "path")),
            ("/x/mmz4281/2425/E0.csv", {"league": "E0", "season": Season(2024)}, ("E0", "option"), ("2425", "option")),
            ("E0_2024-25 (1).csv", {}, ("E0", "name"), ("2425", "name")),
            ("2425-E0.csv", {}, ("E0", "name"), ("2425", "name")),
            ("E0.csv", {}, ("E0", "name"), ("2425", "content")),
            ("download.csv", {}, ("E0", "content"), ("2425", "content")),
            ("download.csv", {"season": Season(2024)}, ("E0", "content"), ("2425", "option")),
        ],
    )
    def test_option_path_name_and_content_tell_in_that_order(
        self, path: str, said: dict[str, Any], league: tuple[str, str], season: tuple[str, str]
    ) -> None:
        found = inspect(body(GOOD, OTHER), PurePath(path), **said)
        assert (found.accepted, found.kind) == (True, "results")
        assert ((found.league, found.league_from), (found.season, found.season_from)) == (league, season)

    def test_what_is_said_is_held_against_the_rows(self) -> None:
        assert (inspect(body(GOOD), league="EC").reason or "").startswith("wrong_division")
        rows = [GOOD.replace("17/", f"{day}/") for day in range(10, 20)]
        assert (inspect(body(*rows), season=Season(2022)).reason or "").startswith("wrong_season")

    def test_a_league_or_season_nobody_tells_is_asked_for(self) -> None:
        elsewhere = PurePath("download.csv")
        unknown = inspect(body(GOOD.replace("E0", "XX")), elsewhere)
        assert unknown.reason == "unknown_league: its rows name no division we follow ('XX'): say it with --league"
        undated = inspect(body(GOOD.replace("17/08/2024", "soon")), elsewhere)
        assert undated.reason == "unknown_season: no row has a date to tell its season by: say it with --season"
        assert inspect(body(GOOD.replace("17/08/2024", "soon")), elsewhere, season=Season(2024)).accepted

    def test_fixtures_are_known_by_name_or_by_header(self) -> None:
        header = "Div,Date,Time,HomeTeam,AwayTeam,AvgH,AvgD,AvgA"
        rows = ("E0,20/09/2025,12:30,Leeds,Derby,1.5,4.2,7", "XX,20/09/2025,12:30,A,B,,,")
        for name in ("fixtures.csv", "coming days.csv"):
            found = inspect(body(*rows, header=header), PurePath(name))
            assert (found.kind, found.rows, found.fixtures, found.other_leagues) == ("fixtures", 2, 1, {"XX": 1})
            assert found.odds == {"opening": {"columns": ["AvgH", "AvgD", "AvgA"], "priced": 1, "share": 1.0}}
        assert inspect(header.encode(), PurePath("fixtures.csv")).accepted

    def test_a_results_file_that_lost_a_column_is_no_fixtures_file(self) -> None:
        found = inspect(body(GOOD, header=HEADER.replace("FTR", "Res")), PurePath("E0.csv"))
        assert (found.kind, (found.reason or "")[:28]) == ("results", "missing_column: no column FT")

    def test_an_extra_league_is_known_by_its_header(self) -> None:
        data = body("Poland,Ekstraklasa,2024/2025,20/07/2024,17:00,Lech,Legia,1,0,H,2,3.4,3.8", header=EXTRA)
        found = inspect(data, PurePath("POL.csv"))
        assert (found.kind, found.rows, found.accepted, found.matches, found.league) == ("extra", 1, True, 1, "POL")
