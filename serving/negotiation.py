"""Which representation a caller accepts, and lists as JSON, NDJSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from litestar import Response

from serving.errors import Problem

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@lru_cache(256)
def accepted(header: str | None, offered: Sequence[str] = (JSON,)) -> str:
    """The first type in order of preference that ``offered`` has; raises Problem when none is."""
    if not header:
        return offered[0]
    wanted = []
    for place, item in enumerate(header.split(",")):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if quality > 0:
            wanted.append((-quality, place, name))
    for _, _, name in sorted(wanted):
        for offer in offered:
            if name in ("*/*", offer) or (name.endswith("/*") and offer.startswith(name[:-1])):
                return offer
    raise Problem("not-acceptable", f"there is {', '.join(offered)}")


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
