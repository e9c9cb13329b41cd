"""Whatever arrives: rows that reconcile, or FileRefused; never another error, never a value outside its range."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data import (
    FileRefused,
    ParsedFile,
    ParsedFixtures,
    parse_fixtures,
    parse_results,
)

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,HS,AS,HST,AST,HF,AvgH,AvgD,AvgA,AvgCH,AvgCD,AvgCA"
ROWS = (
    "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H,1,0,H,18,9,6,3,17,1.2,7.2,14.5,1.18,7.8,16",
    "E0,18/08/2024,16:30,Chelsea,Man City,0,2,A,0,1,A,10,11,3,5,12,3.5,3.9,2,3.6,3.9,1.95",
    "E0,19/08/2024,20:00,Leicester,Tottenham,1,1,D,0,1,A,7,15,3,7,9,4.5,4.2,1.7,4.9,4.3,1.65",
)
VALID = "".join(f"{line}\r\n" for line in (HEADER, *ROWS)).encode()

NASTY = st.sampled_from(
    [
        b"\0",
        b'"',
        b'""',
        b",",
        b"\r",
        b"\n",
        b"\r\r\n",
        b"\xa0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"<",
        b"#REF!",
        b"-1",
        b"1e9",
        "\u2028".encode(),
        "٣".encode(),
        b"\x85",
        b"\x0b",
        b"9" * 5000,
        b'"' + b"x" * 140_000,
        b"inf",
        b"NaN",
        b"E1",
    ]
)
EDITS = st.lists(
    st.tuples(st.integers(0, len(VALID)), st.integers(0, 30), NASTY | st.binary(max_size=8)), min_size=1, max_size=6
)

bounded = settings(max_examples=250, derandomize=True, deadline=None, database=None)


def edited(edits: list[tuple[int, int, bytes]]) -> bytes:
    body = VALID
    for at, length, text in edits:
        body = body[:at] + text + body[at + length :]
    return body


def check_results(body: bytes) -> ParsedFile | None:
    try:
        parsed = parse_results(body, "E0", Season(2024))
    except FileRefused:
        return None
    dropped = [item for item in parsed.quarantined if item.dropped]
    kept = {match.line for match in parsed.matches}
    assert parsed.facts["rows_read"] == len(parsed.matches) + len(dropped) + parsed.facts["duplicate_rows"]
    assert len({item.line for item in dropped}) == len(dropped)
    assert not kept & {item.line for item in dropped}
    assert {item.line for item in parsed.quarantined if not item.dropped} <= kept
    json.dumps(parsed.facts, allow_nan=False)
    for match in parsed.matches:
        assert match.home != match.away
        assert (match.home_goals is None) == (match.away_goals is None)
        assert all(count is None or 0 <= count <= 100 for count in match[5:21])
        assert all(odds is None or 1 < odds <= 1001 for odds in match[21:])
        assert all((match[at] is None) == (match[at + 1] is None) == (match[at + 2] is None) for at in (21, 24))
    return parsed


def check_fixtures(body: bytes) -> ParsedFixtures | None:
    try:
        parsed = parse_fixtures(body, {"E0"})
    except FileRefused:
        return None
    dropped = sum(item.dropped for item in parsed.quarantined)
    repeats, others = parsed.facts["duplicate_rows"], parsed.facts["other_league_rows"]
    assert parsed.facts["rows_read"] == len(parsed.fixtures) + dropped + repeats + others
    json.dumps(parsed.facts, allow_nan=False)
    return parsed


@pytest.mark.parametrize("check", [check_results, check_fixtures])
class TestAnyBytes:
    def test_random_bytes_never_raise_anything_else(self, check: Callable[[bytes], object]) -> None:
        @bounded
        @given(st.binary(max_size=400))
        def holds(noise: bytes) -> None:
            check(noise)
            check(HEADER.encode() + b"\n" + noise)

        holds()

    def test_edits_of_a_valid_file_never_raise_anything_else(self, check: Callable[[bytes], object]) -> None:
        @bounded
        @given(EDITS)
        def holds(edits: list[tuple[int, int, bytes]]) -> None:
            check(edited(edits))

        holds()


def test_the_unedited_file_is_believed() -> None:
    parsed = check_results(VALID)
    assert parsed is not None
    assert (len(parsed.matches), parsed.quarantined) == (3, [])


def test_every_cut_is_refused_or_gives_whole_rows_only() -> None:
    """A body that breaks off anywhere: refused, or exactly the rows before the cut, or cut in its very last cell."""
    whole = parse_results(VALID, "E0", Season(2024)).matches
    for end in range(len(VALID)):
        parsed = check_results(VALID[:end])
        if parsed is not None:
            assert [match[:21] for match in parsed.matches] == [match[:21] for match in whole[: len(parsed.matches)]]


@bounded
@given(st.permutations(ROWS), st.lists(st.sampled_from(["", ",,,,", " , "]), max_size=3))
def test_row_order_and_blank_rows_change_nothing_but_line_numbers(rows: list[str], blanks: list[str]) -> None:
    body = "\n".join([HEADER, *blanks, *rows, ""]).encode()
    parsed = check_results(body)
    assert parsed is not None
    clean = parse_results(VALID, "E0", Season(2024)).matches
    assert sorted(match[1:6] for match in parsed.matches) == sorted(match[1:6] for match in clean)
    assert parsed.facts["blank_rows"] == len(blanks)


@pytest.mark.parametrize("filler", [b"\n", b"\r", b",", b"\r\r\n", b'"', b"E0,\n", b"x\n", b"<"])
def test_eight_mib_of_anything_is_settled_quickly(filler: bytes) -> None:
    size = 8 * 2**20 // len(filler)
    check_results(HEADER.encode() + b"\n" + filler * size)
    check_results(filler * size)
