"""Each rule of the parser for a whole file: encodings, headers, refusals, and the file of fixtures."""

from __future__ import annotations

import pickle
from datetime import date, time

import pytest

from footpred_dagster.sources.football_data.results import (
    FileRefused,
    ParsedFile,
    Quarantined,
    RawFixture,
    parse_fixtures,
    parse_results,
)
from tests.support.football_data import GOOD, HEADER, OTHER, SEASON, body, only, parse

LEAGUES = {"E0", "E1"}


def refusal(data: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        parse_results(data, "E0", SEASON)
    return caught.value


def without_lines(parsed: ParsedFile) -> list[tuple[object, ...]]:
    return [match[1:] for match in parsed.matches]


class TestShape:
    CLEAN = without_lines(parse_results(body(GOOD, OTHER), "E0", SEASON))

    @pytest.mark.parametrize(
        ("data", "encoding", "lines"),
        [
            (body(GOOD, OTHER), "ascii", [2, 3]),
            (body(GOOD, OTHER, end="\n"), "ascii", [2, 3]),
            (body(GOOD, OTHER, end="\r"), "ascii", [2, 3]),
            (body(GOOD, OTHER, end="\r\r\n"), "ascii", [2, 3]),
            (body(GOOD, OTHER, end="\n\n"), "ascii", [3, 5]),
            (b"\n\n" + body(GOOD, OTHER), "ascii", [4, 5]),
            (body(GOOD, OTHER).rstrip(), "ascii", [2, 3]),
            (b"\xef\xbb\xbf" + body(GOOD, OTHER), "utf-8 with BOM", [2, 3]),
            ("ï»¿".encode() + body(GOOD, OTHER), "utf-8 with mojibake BOM", [2, 3]),
            (body(GOOD + ",caf\xe9", OTHER, header=HEADER + ",Venue").decode().encode("latin-1"), "cp1252", [2, 3]),
            (body(GOOD, OTHER).replace(b"Wolves", b"Wolves \xa0"), "cp1252", [2, 3]),
            (body(GOOD, OTHER).replace(b"Wolves", " Wolves\xa0 ".encode()), "utf-8", [2, 3]),
            (
                body(GOOD + ",\x81", header=HEADER + ",Venue").decode().encode("latin-1") + OTHER.encode() + b"\n",
                "latin-1",
                [2, 3],
            ),
        ],
    )
    def test_the_same_rows_whatever_the_encoding_and_the_line_ends(
        self, data: bytes, encoding: str, lines: list[int]
    ) -> None:
        parsed = parse_results(data, "E0", SEASON)
        assert without_lines(parsed) == self.CLEAN
        assert [match.line for match in parsed.matches] == lines
        assert parsed.facts["encoding"] == encoding
        assert parsed.quarantined == []

    def test_a_stray_byte_changes_its_own_line_only(self) -> None:
        """Forbids reading a whole UTF-8 file as cp1252 for one bad byte: Preußen would become another club."""
        umlauts = "E0,18/08/2024,16:30,Preußen Münster,King’s Lynn,0,2,A"
        names = [("Wolves", "Arsenal"), ("Preußen Münster", "King’s Lynn")]
        for row, encoding in (
            (b"E0,17/08/2024,15:00,Wolves \xa0,Arsenal,2,0,H", "utf-8 and cp1252 with BOM"),
            (b"E0,17/08/2024,15:00,Wolves,Arsenal,2,0,H,\x81", "utf-8 and latin-1 with BOM"),
        ):
            data = b"\xef\xbb\xbf" + body("", umlauts).replace(b"\r\n\r\n", b"\r\n" + row + b"\r\n")
            parsed = parse_results(data, "E0", SEASON)
            assert [(match.home, match.away) for match in parsed.matches] == names
            assert parsed.facts["encoding"] == encoding

    def test_mojibake_is_undone_in_names_as_well_as_in_the_byte_order_mark(self) -> None:
        clean = "\ufeff" + body(GOOD, "E0,18/08/2024,16:30,Preußen Münster,Ýr’s Lynn,0,2,A").decode()
        # As careless tools read it: cp1252, and the five bytes it leaves undefined (here 9D of Ý) as they are.
        mistaken = "".join(chr(byte) if byte == 0x9D else bytes([byte]).decode("cp1252") for byte in clean.encode())
        twice = mistaken.encode()
        parsed = parse_results(twice, "E0", SEASON)
        assert without_lines(parsed) == without_lines(parse_results(clean.encode(), "E0", SEASON))
        assert parsed.facts["encoding"] == "utf-8 with mojibake BOM"

    def test_proper_names_behind_a_mojibake_byte_order_mark_stay_as_they_are(self) -> None:
        row = "E0,18/08/2024,16:30,Preußen Münster,Wolves,0,2,A"
        assert only(parse_results(("ï»¿" + body(row).decode()).encode(), "E0", SEASON)).home == "Preußen Münster"

    def test_a_lost_line_end_loses_no_match_silently(self) -> None:
        parsed = parse(GOOD + ",1.5" + OTHER, "E0,19/08/2024,20:00,Leeds,Derby,0,0,D", header=HEADER + ",X")
        assert [match.home for match in parsed.matches] == ["Leeds"]
        assert parsed.quarantined == [Quarantined(2, "Date", "rows_run_together", "18/08/2024", dropped=True)]

    def test_blank_and_ragged_rows_are_counted_and_read(self) -> None:
        parsed = parse(GOOD, ",,,,,,,", "", OTHER + ",1.5,,,", "E0,19/08/2024,,Leeds,Derby,,")
        assert [match.line for match in parsed.matches] == [2, 5, 6]
        assert (parsed.facts["rows_read"], parsed.facts["blank_rows"], parsed.facts["ragged_rows"]) == (3, 2, 2)

    def test_cp1252_that_was_taken_for_latin_1_is_read_as_it_was_meant(self) -> None:
        row = "E0,18/08/2024,16:30,King\x92s Lynn,Wolves,0,2,A"
        assert only(parse_results(body(row), "E0", SEASON)).home == "King’s Lynn"

    def test_a_line_is_cut_from_the_text_as_an_editor_numbers_it(self) -> None:
        assert parse("E0,17/08/2024,15:00,A\x0bB\x85C,Wolves,2,0,H", OTHER).matches[-1].line == 3

    def test_an_unclosed_quote_damages_nothing(self) -> None:
        parsed = parse('E0,17/08/2024,15:00,"Arsenal,Wolves,2,0,H,"M Dean",9', OTHER, header=HEADER + ",Referee,HS")
        assert [(match.home, match.away_goals) for match in parsed.matches] == [("Arsenal", 0), ("Chelsea", 2)]
        assert parsed.quarantined == []

    def test_an_unclosed_quote_around_a_comma_is_a_row_that_does_not_line_up(self) -> None:
        parsed = parse('E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H,"Dean, M,9', header=HEADER + ",Referee,HS")
        assert only(parsed).home_shots is None
        assert [item.reason for item in parsed.quarantined] == ["row_not_aligned"]

    def test_quoted_cells_hold_commas(self) -> None:
        assert only(parse('E0,17/08/2024,15:00,"Arsenal",Wolves,2,0,H,"Fleischer, H"')).away_goals == 0

    def test_a_duplicate_header_is_warned_and_its_first_column_wins(self) -> None:
        parsed = parse(GOOD + ",9", header=HEADER + ",FTHG")
        assert only(parsed).home_goals == 2
        assert parsed.facts["header_warnings"] == ["column 'FTHG' again at position 9: the first one is read"]

    def test_blank_headers_are_warned_and_unknown_columns_are_welcome(self) -> None:
        parsed = parse(GOOD + ",,,0.7", header=HEADER + ", ,,HxG")
        assert only(parsed).home == "Arsenal"
        assert parsed.facts["columns"] == [*HEADER.split(","), "HxG"]
        warned = ["columns without a name: 2, the first at position 9; not read"]
        assert parsed.facts["header_warnings"] == warned

    def test_HT_and_AT_are_read_as_team_names_with_a_warning(self) -> None:  # noqa: N802 - the headers' names
        parsed = parse(GOOD, header=HEADER.replace("HomeTeam", "HT").replace("AwayTeam", "AT"))
        assert (only(parsed).home, only(parsed).away) == ("Arsenal", "Wolves")
        assert len(parsed.facts["header_warnings"]) == 2

    def test_names_are_text_and_stay_as_they_are(self) -> None:
        hostile = ("=cmd|' /C calc'!A0", "<b>Bold</b>")
        match = only(parse(f"E0,17/08/2024,15:00,{hostile[0]},{hostile[1]},2,0,H"))
        assert (match.home, match.away) == hostile

    def test_facts_name_the_date_style(self) -> None:
        assert parse(GOOD).facts["date_style"] == "dd/mm/yyyy"
        assert parse(GOOD.replace("2024", "24")).facts["date_style"] == "dd/mm/yy"
        assert parse(GOOD, OTHER.replace("2024", "24")).facts["date_style"] == "mixed"


class TestRefused:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b" \r\n,,,\r\n\t", "empty"),
            (body(), "empty"),
            (b"\xef\xbb\xbf \n<!DOCTYPE HTML><html><title>300 Multiple Choices</title>", "html"),
            (b"<HTML>", "html"),
            (b'{"error": "not found"}', "not_csv"),
            (GOOD.encode(), "not_csv"),
            (b"Service unavailable\n", "not_csv"),
            (body(GOOD).decode().encode("utf-16"), "undecodable"),
            (body(GOOD).replace(b"Arsenal", b"Ars\0nal"), "undecodable"),
            (b"\x1f\x8b\x08\x00\x00\x00", "undecodable"),
            (body(GOOD, header=HEADER + ",x" * 1000), "not_csv"),
            (body(*[GOOD] * 20_001), "not_csv"),
            (body(GOOD, OTHER.replace("E0", "EC")), "wrong_division"),
            (body(GOOD, header=HEADER.replace("FTAG", "AG")), "missing_column"),
            (body(GOOD, OTHER)[:-20], "truncated"),
            (HEADER[:20].encode(), "truncated"),
            (body(GOOD) + b"E", "truncated"),
        ],
    )
    def test_a_body_that_is_no_such_file_is_refused_whole(self, data: bytes, reason: str) -> None:
        caught = refusal(data)
        assert caught.reason == reason
        assert caught.structural is (reason == "missing_column")
        assert str(caught) == f"{reason}: {caught.detail}"

    def test_details_name_the_cause(self) -> None:
        assert "'300 Multiple Choices'" in refusal(b"<html><title>300 Multiple\n Choices</title>").detail
        assert "not CSV: HTML" in refusal(b"<html>").detail
        assert "FTAG" in refusal(body(GOOD, header=HEADER.replace("FTAG", "AG"))).detail
        assert "line 3" in refusal(body(GOOD, OTHER.replace("E0", "EC"))).detail

    def test_every_cut_before_the_last_required_cell_is_seen(self) -> None:
        whole = body(GOOD, OTHER)
        start = whole.index(OTHER.encode())
        for end in range(start + 1, whole.rindex(b"A")):
            assert refusal(whole[:end]).reason == "truncated", whole[:end]

    def test_a_cut_shows_when_the_last_row_is_shorter_than_the_one_before(self) -> None:
        whole = body(OTHER, GOOD + ",1.5,2.5", OTHER + ",1.4,2.4", header=HEADER + ",X,Y")
        assert refusal(whole[: whole.rindex(b",")]).reason == "truncated"

    def test_a_whole_last_row_needs_no_line_end(self) -> None:
        assert len(parse_results(body(GOOD, OTHER)[:-2], "E0", SEASON).matches) == 2

    def test_a_file_of_another_season_is_refused(self) -> None:
        stale = [f"E0,17/08/2019,15:00,Home {n},Away {n},2,0,H" for n in range(10)]
        assert refusal(body(*stale)).reason == "wrong_season"
        assert refusal(body(*stale, GOOD)).reason == "wrong_season"
        assert len(parse(*stale[:1], GOOD).matches) == 1

    def test_a_refusal_survives_a_process_boundary(self) -> None:
        caught = refusal(body(GOOD, header=HEADER.replace("FTAG", "AG")))
        copy = pickle.loads(pickle.dumps(caught))
        assert (copy.reason, copy.detail, copy.structural) == (caught.reason, caught.detail, True)


class TestFixtures:
    HEADER = "Div,Date,Time,HomeTeam,AwayTeam,Referee,AvgH,AvgD,AvgA"
    ROW = "E1,20/09/2025,12:30,Derby,Leeds ,,2.5,3.3,2.8"

    def test_a_fixture_is_read_with_its_opening_odds(self) -> None:
        parsed = parse_fixtures(body(self.ROW, header=self.HEADER), LEAGUES)
        expected = RawFixture(2, "E1", date(2025, 9, 20), time(12, 30), "Derby", "Leeds", 2.5, 3.3, 2.8)
        assert parsed.fixtures == [expected]
        assert parsed.quarantined == []

    @pytest.mark.parametrize("end", ["", "\r\n", "\r\n,,,,,,\r\n"])
    def test_a_header_alone_is_no_fixtures(self, end: str) -> None:
        assert parse_fixtures((self.HEADER + end).encode(), LEAGUES).fixtures == []

    def test_leagues_we_do_not_follow_are_counted(self) -> None:
        parsed = parse_fixtures(body(self.ROW, "XX" + self.ROW[2:], header=self.HEADER), LEAGUES)
        assert len(parsed.fixtures) == 1
        assert (parsed.facts["other_league_rows"], parsed.facts["other_leagues"]) == (1, {"XX": 1})
        assert parsed.quarantined == []

    def test_bad_rows_are_dropped_repeats_read_once_and_bad_odds_nulled(self) -> None:
        rows = (
            self.ROW,
            self.ROW,
            self.ROW[2:],
            self.ROW.replace("20/09", "31/09"),
            self.ROW.replace("Leeds", "Derby"),
            "E0" + self.ROW[2:].replace("2.5", "#").replace("Leeds", "Hull").replace("Derby", "York"),
            "#REF!" + self.ROW[2:],
        )
        parsed = parse_fixtures(body(*rows, header=self.HEADER), LEAGUES)
        assert [(fixture.league, fixture.avg_h) for fixture in parsed.fixtures] == [("E1", 2.5), ("E0", None)]
        assert [(item.line, item.reason, item.dropped) for item in parsed.quarantined] == [
            (4, "missing_division", True),
            (5, "impossible_date", True),
            (6, "same_team", True),
            (7, "bad_odds", False),
            (8, "spreadsheet_error", True),
        ]
        assert (parsed.facts["rows_read"], parsed.facts["duplicate_rows"]) == (7, 1)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b"<html>", "html"),
            (b"Div,Date,HomeTeam\r\n", "missing_column"),
            ((HEADER + "\r\n" + ROW)[:-30].encode(), "truncated"),
        ],
    )
    def test_a_body_that_is_no_fixtures_file_is_refused(self, data: bytes, reason: str) -> None:
        with pytest.raises(FileRefused) as caught:
            parse_fixtures(data, LEAGUES)
        assert caught.value.reason == reason
