"""Whatever arrives: rows that reconcile, or FileRefused; never another error, never a wrong match.

A wrong match is one that differs from what the whole file says on that line although no byte of that line was touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.results import (
    FileRefused,
    ParsedFile,
    ParsedFixtures,
    RawMatch,
    parse_fixtures,
    parse_results,
)

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,HS,AS,HST,AST,HF,AvgH,AvgD,AvgA,AvgCH,AvgCD,AvgCA"
ROWS = (
    "E0,17/08/2024,15:00,Arsenal,Wolves,2,0,H,1,0,H,18,9,6,3,17,1.2,7.2,14.5,1.18,7.8,16",
    "E0,18/08/2024,16:30,Chelsea,Man City,0,2,A,0,1,A,10,11,3,5,12,3.5,3.9,2,3.6,3.9,1.95",
    "E0,19/08/2024,20:00,Leicester,Tottenham,1,1,D,0,1,A,7,15,3,7,9,4.5,4.2,1.7,4.9,4.3,1.65",
    "E0,20/08/2024,20:00,Preußen Münster,King’s Lynn,0,0,D,0,0,D,4,5,1,2,13,2.5,3.2,3,2.4,3.3,3.1",
    "E0,21/08/2024,19:45,Leeds,Derby,,,,,,,,,,,,2,3.4,3.8,2.1,3.3,3.6",
    "E0,25/01/2025,15:00,Wolves,Arsenal,3,2,H,1,1,D,12,8,7,4,10,1.3,6,9,1.25,6.5,10",
)
VALID = ("\ufeff" + "".join(f"{line}\r\n" for line in (HEADER, *ROWS))).encode()
HEADER_END = VALID.index(b"\r\n") + 2
PARSED = parse_results(VALID, "E0", Season(2024))
STARTS = [VALID.index(row.encode()) for row in ROWS]
WHOLE: dict[bytes, RawMatch] = {row.encode(): match for row, match in zip(ROWS, PARSED.matches, strict=True)}
"""What each line says, by its bytes."""

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
        b"E0,19/08/2024",
        b"\x81",
        b"\xc3",
        f"{ROWS[0]}\r\n".encode(),
        f"{ROWS[3]}\r\n".encode(),
        b"E0,17/08/2024,15:00,Arsenal,Wolves,2,1,H\r\n",
    ]
)


def edits(first: int, last: int) -> st.SearchStrategy[list[tuple[int, int, bytes]]]:
    """Up to six times (where, how many bytes go, what comes instead), somewhere or at a line end of VALID."""
    boundaries = [at for start in STARTS for at in (start - 2, start) if first <= at <= last]
    where = st.integers(first, last) | st.sampled_from(boundaries)
    length = st.just(0) | st.integers(0, 30)
    return st.lists(st.tuples(where, length, NASTY | st.binary(max_size=8)), min_size=1, max_size=6)


EDITS = edits(0, len(VALID))

bounded = settings(max_examples=250, derandomize=True, deadline=None, database=None)


def edited(changes: list[tuple[int, int, bytes]], kept: int = 0) -> bytes:
    """VALID with the changes made one after the other; its first ``kept`` bytes stay."""
    body = VALID
    for at, length, text in changes:
        body = body[: max(at, kept)] + text + body[max(at, kept) + length :]
    return body


def physical_lines(body: bytes) -> list[bytes]:
    """As the parser numbers them: CR CR LF, CR LF, CR and LF end a line."""
    return re.split(rb"\r\r\n|\r\n|\r|\n", body)


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
        assert all(odds is None or 1 < odds <= 1001 for odds in match[21:27])
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
        def holds(changes: list[tuple[int, int, bytes]]) -> None:
            check(edited(changes))

        holds()


def test_the_unedited_file_is_believed() -> None:
    parsed = check_results(VALID)
    assert parsed is not None
    assert (len(parsed.matches), parsed.quarantined) == (len(ROWS), [])


CONTRADICTED = {"conflicting_duplicate", "too_many_meetings", "second_match_on_one_day"}
"""Reasons for which another line can quarantine one that reads well."""


def key_and_score(match: RawMatch) -> tuple[object, ...]:
    return (match.match_date, match.home, match.away, match.home_goals, match.away_goals)


def check_no_wrong_match(body: bytes) -> ParsedFile | None:
    """The claim of this module, for a body whose header is whole. Returns what was read, None when refused.

    A line that no edit touched gives the match it gives in the whole file; or it repeats one that is read, perhaps on
    another day; or a touched line contradicts it and it is quarantined. Lines that were run together are not read as
    one match.
    """
    parsed = check_results(body)
    if parsed is None:
        return None
    read = {match.line: match for match in parsed.matches}
    told = {key_and_score(match)[1:] for match in parsed.matches}
    dropped = {item.line: item.reason for item in parsed.quarantined if item.dropped}
    for number, line in enumerate(physical_lines(body), 1):
        if line in WHOLE and number in read:
            assert read[number][1:-1] == WHOLE[line][1:-1], line  # the last is about the file
        elif line in WHOLE and number in dropped:
            assert dropped[number] in CONTRADICTED
        elif line in WHOLE:
            assert key_and_score(WHOLE[line])[1:] in told
        assert number in dropped or sum(line.count(row) for row in WHOLE) < 2
    return parsed


@settings(bounded, max_examples=800)
@example([(STARTS[0], 0, b"E0,17/08/2024,15:00,Arsenal,Wolves,2,1,H\r\n")], True)
@example([(STARTS[1] - 2, 2, b"")], True)
@given(edits(HEADER_END, len(VALID)), st.booleans())
def test_edits_below_the_header_never_give_a_wrong_match(changes: list[tuple[int, int, bytes]], marked: bool) -> None:
    body = edited(changes, HEADER_END)
    check_no_wrong_match(body if marked else body.removeprefix(b"\xef\xbb\xbf"))


def test_every_byte_of_a_row_may_be_any_byte() -> None:
    """Exhaustively where it is cheap: each byte of one row, replaced by each byte that means something."""
    start = VALID.index(ROWS[3].encode())
    outcomes = set()
    for at in range(start, start + len(ROWS[3].encode()) + 2):
        for byte in (*b'\0\t\n\r "#,-./0123456789:<ADEHx', 0x80, 0x81, 0xA0, 0xC3, 0xE2, 0xFF):
            parsed = check_no_wrong_match(VALID[:at] + bytes([byte]) + VALID[at + 1 :])
            outcomes.add("refused" if parsed is None else "quarantined" if parsed.quarantined else "accepted")
            assert parsed is None or len(parsed.matches) >= len(ROWS) - 2
    assert outcomes == {"refused", "quarantined", "accepted"}


@settings(bounded, max_examples=500)
@given(st.integers(0, HEADER_END), st.integers(0, 60), NASTY | st.sampled_from(HEADER.encode().split(b",")))
def test_an_edit_of_the_header_never_moves_a_name_a_date_or_a_score(at: int, length: int, text: bytes) -> None:
    """It may cost or mislead optional columns, whose names it changed; who played whom, when and how it ended stays."""
    body = VALID[:at] + text + VALID[min(at + length, HEADER_END) :]
    parsed = check_results(body)
    if parsed is not None:
        whole = {key_and_score(match) for match in WHOLE.values()}
        untouched = [match for match in parsed.matches if physical_lines(body)[match.line - 1] in WHOLE]
        assert {key_and_score(match) for match in untouched} <= whole


def test_a_touched_line_may_say_something_else_and_only_that_one() -> None:
    """The claim is not empty: a believable edit is believed, and its neighbours stay."""
    parsed = check_no_wrong_match(VALID.replace(b"Chelsea,Man City,0,2,A", b"Chelsea,Man City,0,3,A"))
    assert parsed is not None
    assert [match.away_goals for match in parsed.matches] == [0, 3, 1, 0, None, 2]


def test_every_cut_is_refused_or_gives_whole_rows_only() -> None:
    """A body that breaks off anywhere: refused, or exactly the rows before the cut, or cut in its very last cell."""
    whole = PARSED.matches
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
    assert sorted(map(repr, (match[1:] for match in parsed.matches))) == sorted(
        map(repr, (match[1:] for match in PARSED.matches))
    )
    assert parsed.facts["blank_rows"] == len(blanks)


@pytest.mark.parametrize("filler", [b"\n", b"\r", b",", b"\r\r\n", b'"', b"E0,\n", b"x\n", b"<"])
def test_eight_mib_of_anything_is_settled_quickly(filler: bytes) -> None:
    size = 8 * 2**20 // len(filler)
    check_results(HEADER.encode() + b"\n" + filler * size)
    check_results(filler * size)
