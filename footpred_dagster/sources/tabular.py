"""From bytes to named cells: encodings, line ends, headers, and the bodies that are no table at all.

Written for hostile input: any bytes give either a table or ``FileRefused``, in time linear in their number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

MAX_COLUMNS = 1000
"""The widest real header has 132."""
MAX_ROWS = 20_000
"""The longest real season has 553 rows."""

ALIASES = {"HT": "HomeTeam", "AT": "AwayTeam"}
"""Headers of G1 from 2000-01 to 2004-05."""

_MOJIBAKE_BOM = "ï»¿"
_SHOWN = 40


class FileRefused(Exception):
    """The whole file is not believed; the rows loaded before stay.

    reason: stable slug (html, empty, undecodable, not_csv, truncated, missing_column, wrong_division, wrong_season,
    rows_fell).
    detail: for people, names the cause and the way out.
    structural: somebody must look; a delivery fault (False) passes when the site serves the right file again.
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
    facts: what was noticed about the shape, ready for JSON.
    """

    rows: list[tuple[int, list[str]]]
    index: dict[str, int]
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
    """Decode and cut a file into rows; raises FileRefused, see its reasons."""
    text, encoding = _decode(body)
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
    rows: list[tuple[int, list[str]]] = []
    blank, ragged = 0, 0
    for number, line in enumerate(lines[start + 1 :], start + 2):
        cells = _cells(line)
        if not any(map(str.strip, cells)):
            blank += 1
            continue
        ragged += len(cells) != len(header)
        rows.append((number, cells))
        if len(rows) > MAX_ROWS:
            raise FileRefused("not_csv", f"more than {MAX_ROWS} rows, which is no season of football")
    blank -= not lines[-1]  # what follows the last line end is no row
    index, warnings = _index(header)
    _check_shape(index, required, rows, None if ends_whole else len(header))
    facts: dict[str, JSON] = {
        "rows_read": len(rows),
        "blank_rows": blank,
        "ragged_rows": ragged,
        "encoding": encoding,
        "columns": [name[:_SHOWN] for name in header if name],
        "header_warnings": warnings[:20],
    }
    return Table(rows, index, facts)


def _decode(body: bytes) -> tuple[str, str]:
    """Text without its byte order mark, and the encoding's name."""
    if b"\0" in body or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused("undecodable", "the body is binary or UTF-16, the site serves ASCII, UTF-8 or cp1252")
    if body.isascii():
        return body.decode("ascii"), "ascii"
    try:
        text, encoding = body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        try:
            text, encoding = body.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            text, encoding = body.decode("latin-1"), "latin-1"
    if text.startswith(_MOJIBAKE_BOM):
        return text.removeprefix(_MOJIBAKE_BOM), f"{encoding} with mojibake BOM"
    return (text[1:], "utf-8 with BOM") if text.startswith("\ufeff") else (text, encoding)


def _cells(line: str) -> list[str]:
    """One physical line, whatever its quotes: an unclosed quote must not swallow the lines after it."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a quoted cell beyond csv.field_size_limit
        return line.split(",")


def _index(header: list[str]) -> tuple[dict[str, int], list[str]]:
    """Column name -> position, and warnings; the first of equal names wins, blank names are nobody's."""
    if len(header) > MAX_COLUMNS:
        raise FileRefused("not_csv", f"{len(header)} columns in the first line, which is no header of ours")
    index: dict[str, int] = {}
    warnings: list[str] = []
    for place, name in enumerate(header):
        if name in index:
            warnings.append(f"column {name[:_SHOWN]!r} again at position {place + 1}: the first one is read")
        elif name:
            index[name] = place
    for alias, name in ALIASES.items():
        if alias in index and name not in index:
            index[name] = index[alias]
            warnings.append(f"column {alias!r} read as {name!r}")
    return index, warnings


def _check_shape(
    index: dict[str, int], required: Sequence[str], rows: list[tuple[int, list[str]]], unended_width: int | None
) -> None:
    """Refuse foreign text, a missing column, and a body that breaks off inside its last row.

    unended_width: cells in the header when text stands after the last line end, else None. A cut shows when that row is
    shorter than every row before it (a lone row: than the header) or lacks required cells; a cut inside the very last
    cell cannot be seen. Every real file ends with a line end, so no whole file comes near.
    """
    missing = [name for name in required if name not in index]
    if len(missing) > len(required) - 2:
        raise FileRefused("not_csv", "not CSV: the first line is not the header of a results or fixtures file")
    if missing and not rows and unended_width:
        raise FileRefused("truncated", "the body breaks off inside its header; a later fetch brings the whole file")
    if missing:
        raise FileRefused(
            "missing_column",
            f"no column {', '.join(missing)}: the site changed its format; compare the archived file's header and "
            f"teach the parser the new name",
            structural=True,
        )
    if rows and unended_width:
        line, cells = rows[-1]
        needed = 1 + max(index[name] for name in required)
        usual = min((len(cells) for _, cells in rows[:-1]), default=unended_width)
        if len(cells) < max(needed, usual):
            raise FileRefused("truncated", f"the body breaks off in line {line}; a later fetch brings the whole file")


def _title(text: str) -> str:
    match = re.search(r"<title>([^<]{1,80})", text[:4000], re.IGNORECASE)
    return f" titled {' '.join(match[1].split())!r}" if match else ""
