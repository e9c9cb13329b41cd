"""From bytes to named cells: encodings, line ends, headers, and the bodies that are no table at all.

Written for hostile input: any bytes give either a table or ``FileRefused``, in time linear in their number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from footpred_dagster.sources.parsing.alignment import beyond_header

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

MAX_COLUMNS = 1000
"""The widest real header has 132."""
MAX_ROWS = 20_000
"""The longest real season has 553 rows."""

ALIASES = {"HT": "HomeTeam", "AT": "AwayTeam"}
"""Headers of G1 from 2000-01 to 2004-05."""

_MOJIBAKE_BOM = "ï»¿"
_ENCODINGS = ("utf-8", "cp1252", "latin-1")
_CONTROLS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
"""Control characters that stand for cp1252 which was decoded as latin-1 before the file came here: U+0092 is an
apostrophe."""
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}", re.ASCII)
_SHOWN = 40


class FileRefused(Exception):
    """The whole file is refused; the rows loaded before stay.

    reason: stable slug (html, empty, undecodable, not_csv, truncated, missing_column, header_changes, wrong_division,
    wrong_season, month_first_dates, unreadable_dates, unreadable_rows, rows_fell, season_gone).
    detail: for people, names the cause and the way out.
    structural: an engineer must act; a delivery fault (False) passes when the site serves the right file again.
    """

    def __init__(self, reason: str, detail: str, *, structural: bool = False) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.structural = reason, detail, structural

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file.

    rows: (physical line number from 1, cells as written); blank rows left out.
    index: column name -> position, first of each name, aliases resolved.
    misaligned: lines that hold a non-empty cell beyond the last column that has a name, with that cell.
    repeated_headers: lines, other than the first, that hold the header once more; they are no rows.
    joined: lines that hold a second date, with that date: a line end was lost and two matches stand in one row.
    unended_width: cells in the header when text stands after the last line end, else None.
    facts: what was noticed about the shape, ready for JSON.
    """

    rows: list[tuple[int, list[str]]]
    index: dict[str, int]
    misaligned: dict[int, str]
    repeated_headers: list[int]
    joined: dict[int, str]
    unended_width: int | None
    facts: dict[str, JSON]

    def select(self, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """(line, stripped cells) in the order of ``columns``; "" where the file or the row has no such cell."""
        places = [self.index.get(column, -1) for column in columns]
        width = max(places) + 1
        for line, cells in self.rows:
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            yield line, [cells[place].strip() if place >= 0 else "" for place in places]


def read_table(body: bytes, required: Sequence[str]) -> Table:
    """Cut a file into rows and check that it is one with the ``required`` columns; raises FileRefused."""
    table = cut_table(body)
    check_shape(table, required)
    return table


def cut_table(body: bytes) -> Table:
    """Decode a file and cut it into rows, whatever its columns; raises FileRefused where there are no rows to cut."""
    text, encoding = _decode(body)
    text = text.translate(_CONTROLS)
    if text.lstrip().startswith("<"):
        raise FileRefused("html", f"not CSV: HTML page{_title(text)}; the site answers so when it has no such file yet")
    # CR CR LF (doubled by careless copying) is one line end; a lone CR is one too. NBSP is a space.
    for old, new in (("\r\r\n", "\n"), ("\r\n", "\n"), ("\r", "\n"), ("\xa0", " ")):
        text = text.replace(old, new)
    lines = text.split("\n")
    ends_whole = not any(map(str.strip, _cells(lines[-1])))
    start = next((number for number, line in enumerate(lines) if line.strip(", \t")), None)
    if start is None:
        raise FileRefused("empty", "the body holds no text; a later fetch brings the file")
    header = [name.strip() for name in _cells(lines[start])]
    named = max((place + 1 for place, name in enumerate(header) if name), default=0)
    rows: list[tuple[int, list[str]]] = []
    misaligned: dict[int, str] = {}
    repeated: list[int] = []
    joined: dict[int, str] = {}
    blank, ragged = 0, 0
    for number, line in enumerate(lines[start + 1 :], start + 2):
        cells = _cells(line) if line else []
        if not any(map(str.strip, cells)):
            blank += 1
            continue
        if header[0] in cells[0] and _is_header(cells, header, number):
            repeated.append(number)
            continue
        ragged += len(cells) != len(header)
        rows.append((number, cells))
        if len(cells) > named and (beyond := beyond_header(cells, named)):
            misaligned[number] = beyond
        if line.count("/") > 3 and len(dates := _DATE.findall(line)) > 1:
            joined[number] = dates[1]
        if len(rows) > MAX_ROWS:
            raise FileRefused("not_csv", f"more than {MAX_ROWS} rows, which is no season of football")
    blank -= not lines[-1]  # what follows the last line end is no row
    index, warnings = _index(header)
    if repeated:
        warnings.append(f"the header stands again in line {', '.join(map(str, repeated[:5]))}: left out")
    facts: dict[str, JSON] = {
        "rows_read": len(rows),
        "blank_rows": blank,
        "ragged_rows": ragged,
        "encoding": encoding,
        "columns": [name[:_SHOWN] for name in header if name],
        "header_warnings": warnings[:20],
    }
    return Table(rows, index, misaligned, repeated, joined, None if ends_whole else len(header), facts)


def _is_header(cells: list[str], header: list[str], line: int) -> bool:
    """Whether a line is the header once more, as in files put together; raises FileRefused for one of other columns."""
    names = [name for name in header if name]
    if cells[0].lstrip("\ufeff").strip() != header[0] or len(names) < 2 or _cell(cells, 1) != _cell(header, 1):
        return False
    again = [cells[0].lstrip("\ufeff"), *cells[1:]]
    if [name for cell in again if (name := cell.strip())] == names:
        return True
    raise FileRefused(
        "header_changes",
        f"line {line} is a header with other columns than the first: the file is two put together; fetch it again",
    )


def _cell(cells: list[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _decode(body: bytes) -> tuple[str, str]:
    """Text without its byte order mark, and the encoding's name."""
    if b"\0" in body or body.startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")):
        raise FileRefused(
            "undecodable", "the body is binary, compressed or UTF-16; the site serves ASCII, UTF-8 or cp1252"
        )
    if body.isascii():
        return body.decode("ascii"), "ascii"
    try:
        text, encoding = body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = _decode_lines(body)
    if text.startswith(_MOJIBAKE_BOM):
        text = "".join(map(_without_mojibake, text.splitlines(keepends=True)))
        return text.removeprefix(_MOJIBAKE_BOM).lstrip("\ufeff"), f"{encoding} with mojibake BOM"
    return (text.lstrip("\ufeff"), f"{encoding} with BOM") if text.startswith("\ufeff") else (text, encoding)


def _decode_lines(body: bytes) -> tuple[str, str]:
    """A line at a time: one stray byte must not turn the umlauts of every other line into other names."""
    lines, found = [], set()
    for line in body.splitlines(keepends=True):
        for encoding in _ENCODINGS:
            try:
                lines.append(line.decode(encoding))
            except UnicodeDecodeError:
                continue
            if not line.removeprefix(b"\xef\xbb\xbf").isascii():
                found.add(encoding)
            break
    return "".join(lines), " and ".join(encoding for encoding in _ENCODINGS if encoding in found)


def _without_mojibake(line: str) -> str:
    """Undo UTF-8 that was read as cp1252 and written as UTF-8 again; a line that is not such comes back as it is."""
    if line.isascii():
        return line
    try:  # cp1252 leaves five bytes undefined; careless readers take them as they are
        return b"".join(c.encode("latin-1" if "\x80" <= c < "\xa0" else "cp1252") for c in line).decode("utf-8")
    except UnicodeError:
        return line


def _cells(line: str) -> list[str]:
    """One physical line; a quote that nothing closes must swallow neither the lines after it nor the cells."""
    if '"' not in line:
        return line.split(",")
    if line.count('"') % 2:
        return line.replace('"', "").split(",")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a quoted cell beyond csv.field_size_limit
        return line.split(",")


def _index(header: list[str]) -> tuple[dict[str, int], list[str]]:
    """Column name -> position, and warnings; the first of equal names wins, columns without a name are not read."""
    if len(header) > MAX_COLUMNS:
        raise FileRefused("not_csv", f"{len(header)} columns in the first line, which is no header of ours")
    index: dict[str, int] = {}
    warnings: list[str] = []
    for place, name in enumerate(header):
        if name in index:
            warnings.append(f"column {name[:_SHOWN]!r} again at position {place + 1}: the first one is read")
        elif name:
            index[name] = place
    if blank := header.count(""):
        warnings.append(f"columns without a name: {blank}, the first at position {header.index('') + 1}; not read")
    for alias, name in ALIASES.items():
        if alias in index and name not in index:
            index[name] = index[alias]
            warnings.append(f"column {alias!r} read as {name!r}")
    return index, warnings


def check_shape(table: Table, required: Sequence[str]) -> None:
    """Refuse foreign text, a missing column, and a body that breaks off inside its last row; raises FileRefused."""
    missing = [name for name in required if name not in table.index]
    if len(missing) > len(required) - 2:
        raise FileRefused("not_csv", "not CSV: the first line is not the header of a results or fixtures file")
    if missing and not table.rows and table.unended_width:
        raise FileRefused("truncated", "the body breaks off inside its header; a later fetch brings the whole file")
    if missing:
        raise FileRefused(
            "missing_column",
            f"no column {', '.join(missing)}: the site changed its format; compare the archived file's header and "
            f"teach the parser the new name",
            structural=True,
        )
    if table.rows and table.unended_width and _breaks_off(table, 1 + max(table.index[name] for name in required)):
        raise FileRefused(
            "truncated", f"the body breaks off in line {table.rows[-1][0]}; a later fetch brings the whole file"
        )


def _breaks_off(table: Table, needed: int) -> bool:
    """Whether the last row, which no line end closes, was cut.

    It shows when that row lacks required cells, ends in a blank one, or is shorter than the row before it (a lone row:
    than the header). A cut inside the very last cell cannot be seen. Every real file ends with a line end; of 667
    stripped of it, two are taken for cut.
    """
    cells = table.rows[-1][1]
    usual = len(table.rows[-2][1]) if len(table.rows) > 1 else table.unended_width or 0
    return len(cells) < max(needed, usual) or (len(cells) == needed and not cells[-1].strip())


def _title(text: str) -> str:
    match = re.search(r"<title>([^<]{1,80})", text[:4000], re.IGNORECASE)
    return f" titled {' '.join(match[1].split())!r}" if match else ""
