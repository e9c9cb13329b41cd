"""Which representation a caller accepts, and lists as JSON, NDJSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from litestar import Response

from serving.http.errors import Problem

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@lru_cache(256)
def accepted(header: str | None, offered: Sequence[str] = (JSON,)) -> str:
    """The first type in order of preference that ``offered`` has; raises Problem when none is."""
    if not header:
        return offered[0]
    ranges = _ranges(header)
    quality = {offer: _preference(offer, ranges) for offer in offered}
    best = max(offered, key=quality.__getitem__)
    if quality[best][0] > 0:
        return best
    raise Problem("not-acceptable", f"there is {', '.join(offered)}")


def accepts_gzip(header: str | None) -> bool:
    """Whether Accept-Encoding has gzip."""
    qualities = dict(_ranges(header or ""))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _ranges(header: str) -> list[tuple[str, float]]:
    """(name, quality) of each item of an Accept header, in order."""
    found = []
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        found.append((name, next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)))
    return found


def _preference(offer: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """(quality, minus its index in the header) by the most specific range of the type (RFC 9110, 12.5.1)."""
    for pattern in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        for place, (name, quality) in enumerate(ranges):
            if name == pattern:
                return quality, -place
    return 0.0, 0


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def cell(value: Any) -> Any:
    """A value as a spreadsheet may open it: no text becomes a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue().encode()


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], headers: dict[str, str]) -> Response[bytes]:
    return Response(as_csv(rows, columns), media_type=f"{CSV}; header=present", headers=headers)


def lines(encoded: Iterable[bytes], headers: dict[str, str]) -> Response[bytes]:
    return Response(b"".join(item + b"\n" for item in encoded), media_type=NDJSON, headers=headers)
