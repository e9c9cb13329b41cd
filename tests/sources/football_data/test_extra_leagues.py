"""Files with all seasons of a country: which league and season each row is of, and what is not believed."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.extra_leagues import Pair, parse_extra, parse_label
from footpred_dagster.sources.parsing.records import ParsedFile, Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused

HEADER = "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,PSCH,PSCD,PSCA,MaxCH,MaxCD,MaxCA,AvgCH,AvgCD,AvgCA"
ODDS = "2,3,4,2.2,3.3,4.4,1.9,3.2,4.1"
LEAGUE_2021 = f"Argentina,Liga Profesional,2021,16/07/2021,18:00,Lanus,Huracan,1,0,H,{ODDS}"
COPA_2021 = f"Argentina,Copa De La Liga Profesional,2021,12/02/2021,18:00,Lanus,Huracan,0,0,D,{ODDS}"
ARG_2021: Pair = ("ARG", Season(2021, autumn=False))


def parse(*rows: str, file: str = "ARG", header: str = HEADER) -> dict[Pair, ParsedFile]:
    return parse_extra("".join(f"{line}\r\n" for line in (header, *rows)).encode(), file)


def edited(row: str, **cells: str) -> str:
    """``row`` with the named columns replaced."""
    values = dict(zip(HEADER.split(","), row.split(","), strict=True)) | cells
    return ",".join(values.values())


def only_doubt(parsed: ParsedFile) -> Quarantined:
    (item,) = parsed.quarantined
    return item


def test_a_row_becomes_a_match_with_its_closing_odds_and_no_opening_ones():
    (match,) = parse(LEAGUE_2021)[ARG_2021].matches
    assert match[:7] == (2, date(2021, 7, 16), time(18), "Lanus", "Huracan", 1, 0)
    assert (match.avg_h, match.avg_d, match.avg_a) == (None, None, None)
    assert (match.avg_close_h, match.avg_close_d, match.avg_close_a) == (1.9, 3.2, 4.1)
    assert match[7:21] == (None,) * 14


def test_older_copies_call_the_same_closing_averages_by_the_names_of_opening_ones():
    header = HEADER.replace("AvgC", "Avg").replace("MaxC", "Max")
    assert parse(LEAGUE_2021, header=header)[ARG_2021].matches == parse(LEAGUE_2021)[ARG_2021].matches


def test_two_competitions_of_a_file_have_two_codes_in_the_same_season():
    seasons = parse(COPA_2021, LEAGUE_2021)
    assert {pair: [match.line for match in parsed.matches] for pair, parsed in seasons.items()} == {
        ("ARG-COPA", Season(2021, autumn=False)): [2],
        ARG_2021: [3],
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (" Liga Profesional ", "ARG"),
        ("Primera División", "ARG"),
        ("Liga Profesional Argentina", "ARG"),
        ("COPA DE LA LIGA PROFESIONAL", "ARG-COPA"),
        ("Cope De La Liga Profesional", "ARG-COPA"),
    ],
)
def test_a_renamed_or_mistyped_competition_is_still_told_apart(name, code):
    assert list(parse(edited(LEAGUE_2021, League=name))) == [(code, Season(2021, autumn=False))]


def test_a_name_like_neither_competition_is_quarantined():
    """Forbids a third competition that passes for the league."""
    parsed = parse(LEAGUE_2021, edited(LEAGUE_2021, League="Nacional B", Home="Quilmes"))[ARG_2021]
    assert only_doubt(parsed) == Quarantined(3, "League", "unknown_league", "Nacional B", dropped=True)


def test_where_a_file_holds_one_league_its_name_says_nothing():
    row = "Norway,Tippeligaen ,2015,06/04/2015,17:00,Molde,Odd,1,1,D," + ODDS
    assert list(parse(row, row.replace("Tippeligaen ", "Eliteserien").replace("Molde", "Start"), file="NOR")) == [
        ("NOR", Season(2015, autumn=False))
    ]


@pytest.mark.parametrize(
    ("text", "season"),
    [
        ("2012/2013", Season(2012)),
        ("2026", Season(2026, autumn=False)),
        *((text, None) for text in ("2012/2014", "2012/13", "12", "2012-13", "20x6", "٢٠٢٦", "")),
    ],
)
def test_season_labels(text, season):
    assert parse_label(text) == season


def test_a_label_of_the_wrong_calendar_counts_as_the_season_there_was_and_is_recorded():
    """Japan's second matchday of 2026/2027 was published as 2026."""
    rows = [
        f"Japan,J1 League,2026/2027,07/08/2026,11:30,Gamba Osaka,Urawa Reds,4,3,H,{ODDS}",
        f"Japan,J1 League,2026,14/08/2026,11:00,Verdy,Kashiwa Reysol,1,3,A,{ODDS}",
    ]
    seasons = parse(*rows, file="JPN")
    assert [(str(season), len(parsed.matches)) for (_, season), parsed in seasons.items()] == [("2026-27", 2)]
    (parsed,) = seasons.values()
    assert only_doubt(parsed) == Quarantined(3, "Season", "season_mislabelled", "2026", dropped=False)


@pytest.mark.parametrize(
    ("cells", "column", "reason", "value"),
    [
        ({"Season": "2020"}, "Season", "unknown_season", "2020"),
        ({"Season": "2021/22"}, "Season", "bad_season", "2021/22"),
        ({"Season": ""}, "Season", "missing_season", ""),
        ({"League": ""}, "League", "missing_league", ""),
        ({"Country": ""}, "Country", "missing_country", ""),
        ({"Country": "#REF!"}, "Country", "spreadsheet_error", "#REF!"),
        ({"Date": "30/02/2021"}, "Date", "impossible_date", "30/02/2021"),
        ({"Date": "16/07/2023"}, "Date", "date_outside_season", "16/07/2023"),
        ({"Home": ""}, "Home", "missing_team", ""),
        ({"Away": "Lanus"}, "Away", "same_team", "Lanus"),
        ({"HG": "1.5"}, "HG", "bad_goals", "1.5"),
        ({"Res": "A"}, "Res", "result_disagrees", "A for 1-0"),
    ],
)
def test_a_row_that_cannot_be_believed_is_quarantined_in_the_season_it_stands_in(cells, column, reason, value):
    parsed = parse(edited(LEAGUE_2021, Home="Tigre"), edited(LEAGUE_2021, **cells))[ARG_2021]
    assert only_doubt(parsed) == Quarantined(3, column, reason, value, dropped=True)
    assert (len(parsed.matches), parsed.facts["rows_read"]) == (1, 2)


def test_a_first_row_without_a_season_is_quarantined_in_the_leagues_first():
    seasons = parse(edited(LEAGUE_2021, Season=""), LEAGUE_2021)
    assert {str(season): parsed.facts["rows_read"] for (_, season), parsed in seasons.items()} == {
        "2012-13": 1,
        "2021": 1,
    }


def test_bad_odds_cost_the_market_line_and_not_the_match():
    (match,) = parse(edited(LEAGUE_2021, AvgCH="x"))[ARG_2021].matches
    assert (match.home_goals, match.avg_close_h, match.avg_close_d) == (1, None, None)


def test_a_void_match_is_kept_without_a_score():
    (match,) = parse(edited(LEAGUE_2021, HG="", AG="", Res=""))[ARG_2021].matches
    assert (match.home_goals, match.away_goals, match.avg_close_h) == (None, None, 1.9)


def test_repeats_are_counted_and_contradictions_all_go():
    again = parse(LEAGUE_2021, edited(LEAGUE_2021, AvgCH="1.95"))[ARG_2021]
    assert (len(again.matches), again.facts["duplicate_rows"], again.quarantined) == (1, 1, [])
    disputed = parse(LEAGUE_2021, edited(LEAGUE_2021, HG="2"))[ARG_2021]
    assert disputed.matches == []
    assert [(item.line, item.reason) for item in disputed.quarantined] == [
        (2, "conflicting_duplicate"),
        (3, "conflicting_duplicate"),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><title>300 Multiple Choices</title></html>", "html"),
        (f"{HEADER}\r\n".encode(), "empty"),
        (f"{HEADER}\r\n{LEAGUE_2021}\r\n{LEAGUE_2021[:40]}".encode(), "truncated"),
        (f"{HEADER.replace('HG', 'Goals')}\r\n{LEAGUE_2021}\r\n".encode(), "missing_column"),
        (f"{HEADER}\r\nAustria{LEAGUE_2021.removeprefix('Argentina')}\r\n".encode(), "wrong_division"),
    ],
)
def test_a_file_that_cannot_be_believed_is_refused_whole(data, reason):
    with pytest.raises(FileRefused) as caught:
        parse_extra(data, "ARG")
    assert caught.value.reason == reason


VALID = "".join(f"{line}\r\n" for line in (HEADER, COPA_2021, LEAGUE_2021)).encode()


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(st.integers(0, len(VALID) - 1), st.binary(max_size=3))
def test_any_damage_leaves_counts_that_reconcile_or_a_refusal(place, junk):
    body = VALID[:place] + junk + VALID[place + 1 :]
    try:
        seasons = parse_extra(body, "ARG")
    except FileRefused:
        return
    rows = body.decode("latin-1").count("Profesional")
    for parsed in seasons.values():
        dropped = sum(item.dropped for item in parsed.quarantined)
        assert parsed.facts["rows_read"] == len(parsed.matches) + dropped + parsed.facts["duplicate_rows"]
    assert sum(parsed.facts["rows_read"] for parsed in seasons.values()) <= max(rows, 2) + 3


@pytest.mark.parametrize("letter", "0x")
def test_a_damaged_letter_of_league_or_season_never_moves_a_match(letter):
    """Country, league and season cells, byte by byte: the same match, or none.

    In July, that is: from January to March a match may belong to the year before, and its label alone decides.
    """
    for row in (COPA_2021.replace("12/02/2021", "12/07/2021"), LEAGUE_2021):
        valid = f"{HEADER}\r\n{row}\r\n".encode()
        truth = _matches(valid)
        for place in range(valid.index(b"Argentina"), valid.index(b"/07/2021") - 3):
            with suppress(FileRefused):
                assert _matches(valid[:place] + letter.encode() + valid[place + 1 :]) <= truth


def _matches(body: bytes) -> set[tuple[Pair, tuple[object, ...]]]:
    return {(pair, match[1:7]) for pair, parsed in parse_extra(body, "ARG").items() for match in parsed.matches}
