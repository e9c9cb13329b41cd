"""Each rule of the parser on a file of a few lines."""

from __future__ import annotations

import pickle
from datetime import date, time

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data import (
    FileRefused,
    ParsedFile,
    Quarantined,
    RawFixture,
    RawMatch,
    parse_fixtures,
    parse_results,
)

SEASON = Season(2024)
HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR"
STATISTICS = "HTHG,HTAG,HTR,HS,AS,HST,AST,HF,AF,HC,AC,HY,AY,HR,AR"
GOOD = "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H"
OTHER = "E0,18/08/2024,16:30,Chelsea,Man City,0,2,A"
LEAGUES = {"E0", "E1"}


def body(*rows: str, header: str = HEADER, end: str = "\r\n") -> bytes:
    return "".join(line + end for line in (header, *rows)).encode()


def parse(*rows: str, header: str = HEADER) -> ParsedFile:
    return parse_results(body(*rows, header=header), "E0", SEASON)


def refusal(data: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        parse_results(data, "E0", SEASON)
    return caught.value


def only(parsed: ParsedFile) -> RawMatch:
    (match,) = parsed.matches
    return match


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
            (body(GOOD + ",caf\xe9", OTHER).decode().encode("latin-1"), "cp1252", [2, 3]),
            (body(GOOD, OTHER).replace(b"Wolves", b"Wolves \xa0"), "cp1252", [2, 3]),
            (body(GOOD, OTHER).replace(b"Wolves", " Wolves\xa0 ".encode()), "utf-8", [2, 3]),
            (body(GOOD + ",\x81").decode().encode("latin-1") + OTHER.encode() + b"\n", "latin-1", [2, 3]),
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

    def test_blank_and_ragged_rows_are_counted_and_read(self) -> None:
        parsed = parse(GOOD, ",,,,,,,", "", OTHER + ",1.5,,,", "E0,19/08/2024,,Leeds,Derby,,")
        assert [match.line for match in parsed.matches] == [2, 5, 6]
        assert (parsed.facts["rows_read"], parsed.facts["blank_rows"], parsed.facts["ragged_rows"]) == (3, 2, 2)

    def test_a_line_is_cut_from_the_text_as_an_editor_numbers_it(self) -> None:
        assert parse("E0,17/08/2024,15:00,A\x0bB\x85C,Wolves,2,0,H", OTHER).matches[-1].line == 3

    def test_an_unclosed_quote_damages_its_own_line_only(self) -> None:
        parsed = parse('E0,17/08/2024,15:00,"Arsenal,Wolves,2,0,H', OTHER)
        assert [match.home for match in parsed.matches] == ["Chelsea"]
        assert [item.line for item in parsed.quarantined] == [2]

    def test_quoted_cells_hold_commas(self) -> None:
        assert only(parse('E0,17/08/2024,15:00,"Arsenal",Wolves,2,0,H,"Fleischer, H"')).away_goals == 0

    def test_a_duplicate_header_is_warned_and_its_first_column_wins(self) -> None:
        parsed = parse(GOOD + ",9", header=HEADER + ",FTHG")
        assert only(parsed).home_goals == 2
        assert parsed.facts["header_warnings"] == ["column 'FTHG' again at position 9: the first one is read"]

    def test_blank_headers_are_nobodys_and_unknown_columns_are_welcome(self) -> None:
        parsed = parse(GOOD + ",,,0.7", header=HEADER + ", ,,HxG")
        assert only(parsed).home == "Arsenal"
        assert parsed.facts["columns"] == [*HEADER.split(","), "HxG"]
        assert parsed.facts["header_warnings"] == []

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
        for end in range(start + 1, whole.rindex(b",")):
            assert refusal(whole[:end]).reason == "truncated", whole[:end]

    def test_a_cut_shows_when_the_last_row_is_shorter_than_all_others(self) -> None:
        whole = body(GOOD + ",1.5,2.5", OTHER + ",1.4,2.4", header=HEADER + ",X,Y")
        assert refusal(whole[: whole.rindex(b",")]).reason == "truncated"

    def test_a_whole_last_row_needs_no_line_end(self) -> None:
        assert len(parse_results(body(GOOD, OTHER)[:-2], "E0", SEASON).matches) == 2

    def test_a_file_of_another_season_is_refused(self) -> None:
        stale = [f"E0,17/08/2019,15:00,Home {n},Away {n},2,0,H" for n in range(10)]
        assert refusal(body(*stale)).reason == "wrong_season"
        assert len(parse(*stale, GOOD).matches) == 1

    def test_a_refusal_survives_a_process_boundary(self) -> None:
        caught = refusal(body(GOOD, header=HEADER.replace("FTAG", "AG")))
        copy = pickle.loads(pickle.dumps(caught))
        assert (copy.reason, copy.detail, copy.structural) == (caught.reason, caught.detail, True)


class TestRows:
    @pytest.mark.parametrize(
        ("row", "column", "reason", "value"),
        [
            ("E0,31/02/2025,,A,B,1,0,H", "Date", "impossible_date", "31/02/2025"),
            ("E0,2024-08-17,,A,B,1,0,H", "Date", "impossible_date", "2024-08-17"),
            ("E0,17/08/024,,A,B,1,0,H", "Date", "impossible_date", "17/08/024"),
            ("E0,,,A,B,1,0,H", "Date", "impossible_date", ""),
            ("E0,30/06/2024,,A,B,1,0,H", "Date", "date_outside_season", "30/06/2024"),
            ("E0,01/09/2025,,A,B,1,0,H", "Date", "date_outside_season", "01/09/2025"),
            (",17/08/2024,,A,B,1,0,H", "Div", "missing_division", ""),
            ("#REF!,17/08/2024,,A,B,1,0,H", "Div", "spreadsheet_error", "#REF!"),
            (",,,,,,,#REF!", "Div", "missing_division", ""),
            ("E0,17/08/2024,,#REF!,B,1,0,H", "HomeTeam", "spreadsheet_error", "#REF!"),
            ("E0,17/08/2024,,\xa0,B,1,0,H", "HomeTeam", "missing_team", ""),
            ("E0,17/08/2024,,A,,1,0,H", "AwayTeam", "missing_team", ""),
            ("E0,17/08/2024,,A,A ,1,0,H", "AwayTeam", "same_team", "A"),
            ("E0,17/08/2024,,A\x07,B,1,0,H", "HomeTeam", "bad_name", "A\x07"),
            (f"E0,17/08/2024,,A,{'B' * 101},1,0,H", "AwayTeam", "bad_name", "B" * 80),
            ("E0,17/08/2024,,A,B,-1,0,A", "FTHG", "bad_goals", "-1"),
            ("E0,17/08/2024,,A,B,21,0,H", "FTHG", "bad_goals", "21"),
            ("E0,17/08/2024,,A,B,1,1.5,A", "FTAG", "bad_goals", "1.5"),
            ("E0,17/08/2024,,A,B,abc,0,H", "FTHG", "bad_goals", "abc"),
            ("E0,17/08/2024,,A,B,1_0,0,H", "FTHG", "bad_goals", "1_0"),
            ("E0,17/08/2024,,A,B,٣,0,H", "FTHG", "bad_goals", "٣"),
            ("E0,17/08/2024,,A,B,,0,H", "FTHG", "bad_goals", ""),
            ("E0,17/08/2024,,A,B,1", "FTAG", "bad_goals", ""),
            ("E0,17/08/2024,,A,B,1,0", "FTR", "missing_result", ""),
            ("E0,17/08/2024,,A,B,1,0,A", "FTR", "result_disagrees", "A for 1-0"),
        ],
    )
    def test_a_row_that_cannot_be_believed_is_dropped_and_recorded_once(
        self, row: str, column: str, reason: str, value: str
    ) -> None:
        parsed = parse(GOOD, row, OTHER)
        assert parsed.quarantined == [Quarantined(3, column, reason, value, dropped=True)]
        assert [match.home for match in parsed.matches] == ["Arsenal", "Chelsea"]

    def test_two_and_four_digit_years_give_the_same_date(self) -> None:
        assert only(parse(GOOD)).match_date == only(parse(GOOD.replace("2024", "24"))).match_date == date(2024, 8, 17)

    def test_two_digit_years_turn_at_93(self) -> None:
        row = "E0,{},15:00,A,B,1,0,H"
        for text, season, expected in (
            ("14/08/93", Season(1993), date(1993, 8, 14)),
            ("01/01/00", Season(1999), date(2000, 1, 1)),
            ("31/12/99", Season(1999), date(1999, 12, 31)),
        ):
            assert only(parse_results(body(row.format(text)), "E0", season)).match_date == expected

    @pytest.mark.parametrize("day", ["01/07/2024", "31/08/2025"])
    def test_the_season_includes_its_first_and_last_possible_day(self, day: str) -> None:
        assert parse(GOOD.replace("17/08/2024", day)).quarantined == []

    def test_whole_numbers_written_as_decimals_are_whole_numbers(self) -> None:
        assert only(parse("E0,17/08/2024,,A,B,3.0,02,H"))[5:7] == (3, 2)

    def test_a_kickoff_time_is_read_or_nulled(self) -> None:
        assert only(parse(GOOD)).kickoff_time == time(15, 0)
        assert only(parse(GOOD.replace("15:00", ""))).kickoff_time is None
        parsed = parse(GOOD.replace("15:00", "25:00"))
        assert only(parsed).kickoff_time is None
        assert parsed.quarantined == [Quarantined(2, "Time", "bad_time", "25:00", dropped=False)]

    def test_no_score_is_a_void_match_whatever_half_time_says(self) -> None:
        parsed = parse("E0,17/08/2024,15:00,A,B,,,A,0,3,A,9,9", header=f"{HEADER},{STATISTICS}")
        assert parsed.quarantined == []
        assert only(parsed)[5:21] == (None,) * 16

    def test_an_exact_duplicate_is_read_once_and_counted(self) -> None:
        parsed = parse(GOOD, OTHER, GOOD)
        assert [match.line for match in parsed.matches] == [2, 3]
        assert parsed.facts["duplicate_rows"] == 1
        assert parsed.quarantined == []

    def test_conflicting_duplicates_all_go(self) -> None:
        parsed = parse(GOOD, OTHER, GOOD.replace("2,0,H", "2,1,H"), GOOD, GOOD.replace("2,0,H", ",,"))
        assert [match.home for match in parsed.matches] == ["Chelsea"]
        assert parsed.quarantined == [
            Quarantined(line, "FTHG", "conflicting_duplicate", score, dropped=True)
            for line, score in ((2, "2-0"), (4, "2-1"), (5, "2-0"), (6, "void"))
        ]

    def test_the_same_pair_on_another_day_is_another_match(self) -> None:
        assert len(parse(GOOD, GOOD.replace("17/08/2024", "01/02/2025")).matches) == 2

    def test_notes_on_a_row_that_is_not_kept_are_not_reported(self) -> None:
        header = f"{HEADER},HF"
        parsed = parse(f"{GOOD},145", f"{GOOD},145", header=header)
        assert [item.line for item in parsed.quarantined] == [2]
        parsed = parse(f"{GOOD},145", f"{GOOD.replace('2,0', '3,0')},145", header=header)
        assert {item.reason for item in parsed.quarantined} == {"conflicting_duplicate"}


class TestStatistics:
    PLAUSIBLE = "1,0,H,14,9,6,2,10,11,7,4,1,2,0,1"

    def statistics(self, cells: str) -> tuple[RawMatch, list[tuple[str | None, str, str | None]]]:
        parsed = parse(f"{GOOD},{cells}", header=f"{HEADER},{STATISTICS}")
        assert not any(item.dropped for item in parsed.quarantined)
        return only(parsed), [(item.column, item.reason, item.value) for item in parsed.quarantined]

    def test_plausible_counts_are_kept(self) -> None:
        match, notes = self.statistics(self.PLAUSIBLE)
        assert match[7:21] == (1, 0, 14, 9, 6, 2, 10, 11, 7, 4, 1, 2, 0, 1)
        assert notes == []

    def test_absent_counts_are_none_without_a_note(self) -> None:
        match, notes = self.statistics(",,")
        assert match[7:21] == (None,) * 14
        assert notes == []

    @pytest.mark.parametrize("cell", ["145", "-1", "1.5", "x", "#", "99999999999999999999"])
    def test_a_count_beyond_belief_is_nulled(self, cell: str) -> None:
        match, notes = self.statistics(self.PLAUSIBLE.replace("10", cell, 1))
        assert match.home_fouls is None
        assert match.away_fouls == 11
        assert notes == [("HF", "implausible_value", cell)]

    def test_more_on_target_than_shots_nulls_both_of_that_side(self) -> None:
        match, notes = self.statistics(self.PLAUSIBLE.replace("14,9,6", "5,9,8"))
        assert (match.home_shots, match.home_shots_on_target) == (None, None)
        assert (match.away_shots, match.away_shots_on_target) == (9, 2)
        assert notes == [("HST", "on_target_above_shots", "8 of 5")]

    def test_one_own_goal_is_allowed_for_and_no_more(self) -> None:
        assert self.statistics(self.PLAUSIBLE.replace("14,9,6", "14,9,1"))[1] == []
        match, notes = self.statistics(self.PLAUSIBLE.replace("14,9,6", "14,9,0"))
        assert (match.home_shots, match.home_shots_on_target) == (14, None)
        assert notes == [("HST", "goals_above_on_target", "2 goals of 0")]

    @pytest.mark.parametrize(
        ("half_time", "note"),
        [
            ("3,0,H", ("HTHG", "half_time_above_full_time", "3-0 of 2-0")),
            ("1,1,D", ("HTHG", "half_time_above_full_time", "1-1 of 2-0")),
            ("1,0,A", ("HTR", "half_time_result_disagrees", "A for 1-0")),
            ("1,,H", ("HTHG", "half_time_incomplete", "1-")),
        ],
    )
    def test_a_half_time_that_cannot_be_is_nulled(self, half_time: str, note: tuple[str, str, str]) -> None:
        match, notes = self.statistics(self.PLAUSIBLE.replace("1,0,H", half_time, 1))
        assert (match.ht_home_goals, match.ht_away_goals, match.home_shots) == (None, None, 14)
        assert notes == [note]

    def test_a_half_time_without_its_letter_is_kept(self) -> None:
        assert self.statistics(self.PLAUSIBLE.replace("1,0,H", "1,0,", 1))[0].ht_home_goals == 1


class TestOdds:
    @pytest.mark.parametrize(
        ("odds", "noted"),
        [
            ("2,3.4,3.8", None),
            (",,", None),
            (" , , ", None),
            ("2,3.4,", "2/3.4/"),
            ("#,3.4,3.8", "#/3.4/3.8"),
            ("x,x,x", "x/x/x"),
            ("0,0,0", "0/0/0"),
            ("1.0,3.4,3.8", "1.0/3.4/3.8"),
            ("6.75,6.8,4", "6.75/6.8/4"),
            ("1.2,2,3", "1.2/2/3"),
            ("nan,3.4,3.8", "nan/3.4/3.8"),
            ("1.5,3,inf", "1.5/3/inf"),
            ("1.5,3,9999", "1.5/3/9999"),
            ("1_0,1.5,4", "1_0/1.5/4"),
        ],
    )
    def test_all_three_or_none(self, odds: str, noted: str | None) -> None:
        parsed = parse(f"{GOOD},{odds}", header=f"{HEADER},AvgH,AvgD,AvgA")
        assert only(parsed)[21:24] == ((2.0, 3.4, 3.8) if odds.startswith("2,3.4,3.8") else (None, None, None))
        expected = [Quarantined(2, "AvgH", "bad_odds", noted, dropped=False)] if noted else []
        assert parsed.quarantined == expected

    def test_opening_and_closing_are_told_apart(self) -> None:
        match = only(parse(f"{GOOD},2,3.4,3.8,1.9,3.5,4", header=f"{HEADER},AvgCH,AvgCD,AvgCA,AvgH,AvgD,AvgA"))
        assert (match.avg_h, match.avg_d, match.avg_a) == (1.9, 3.5, 4.0)
        assert (match.avg_close_h, match.avg_close_d, match.avg_close_a) == (2.0, 3.4, 3.8)

    def test_betbrain_averages_stand_in_before_2019(self) -> None:
        assert only(parse(f"{GOOD},2,3.4,3.8", header=f"{HEADER},BbAvH,BbAvD,BbAvA")).avg_h == 2.0

    def test_no_odds_columns_give_none(self) -> None:
        assert only(parse(GOOD))[21:] == (None,) * 6


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
            "E0" + self.ROW[2:].replace("2.5", "#"),
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
