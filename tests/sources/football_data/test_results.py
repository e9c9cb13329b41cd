"""Each rule of the parser for one row: its match, its statistics and its odds."""

from __future__ import annotations

from datetime import date, time

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.results import Quarantined, RawMatch, parse_results
from tests.support.football_data import GOOD, HEADER, OTHER, body, only, parse

STATISTICS = "HTHG,HTAG,HTR,HS,AS,HST,AST,HF,AF,HC,AC,HY,AY,HR,AR"


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
            ("E0,17/08/2024,,15:00,B,1,0,H", "HomeTeam", "bad_name", "15:00"),
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

    @pytest.mark.parametrize("day", ["01/07/2024", "30/06/2025"])
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
        parsed = parse(GOOD, OTHER, GOOD.replace("2,0,H", "2,1,H"), GOOD.replace("2,0,H", ",,"))
        assert [match.home for match in parsed.matches] == ["Chelsea"]
        assert parsed.quarantined == [
            Quarantined(line, "FTHG", "conflicting_duplicate", score, dropped=True)
            for line, score in ((2, "2-0"), (4, "2-1"), (5, "void"))
        ]

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
            ("2.79,3.27,3.08", "2.79/3.27/3.08"),
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

    def test_a_book_that_sums_to_exactly_one_is_a_book(self) -> None:
        assert only(parse(f"{GOOD},3,3,3", header=f"{HEADER},AvgH,AvgD,AvgA")).avg_h == 3.0

    def test_opening_and_closing_are_told_apart(self) -> None:
        match = only(parse(f"{GOOD},2,3.4,3.8,1.9,3.5,4", header=f"{HEADER},AvgCH,AvgCD,AvgCA,AvgH,AvgD,AvgA"))
        assert (match.avg_h, match.avg_d, match.avg_a) == (1.9, 3.5, 4.0)
        assert (match.avg_close_h, match.avg_close_d, match.avg_close_a) == (2.0, 3.4, 3.8)

    def test_betbrain_averages_stand_in_before_2019(self) -> None:
        assert only(parse(f"{GOOD},2,3.4,3.8", header=f"{HEADER},BbAvH,BbAvD,BbAvA")).avg_h == 2.0

    def test_no_odds_columns_give_none(self) -> None:
        assert only(parse(GOOD))[21:] == (*(None,) * 6, False)
