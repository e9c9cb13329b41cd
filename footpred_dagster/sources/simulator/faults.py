"""The ways a site misbehaves. Each turns the right body of a path into what is sent instead."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

RETRY_AFTER = 30
"""Seconds a 429 asks to wait."""
OVERSIZE = 64 * 2**20
"""Bytes of a body that is too large, and of what a bomb unpacks to."""

_CHUNK = 64 * 2**10


class Fault(Enum):
    """What the site does; the value says it to people."""

    HTML_PAGE = "an HTML page instead of the file, status 200"
    MULTIPLE_CHOICES = "status 300 and a page that suggests another league's file"
    NOT_FOUND = "status 404"
    NOT_MODIFIED = "status 304, whatever was asked"
    TOO_MANY_REQUESTS = "status 429 with Retry-After"
    UNAVAILABLE = "status 503"
    SILENCE = "no answer until the client gives up"
    SHORT_BODY = "a body that breaks off before its Content-Length"
    CUT_ROW = "a body that ends inside a row, with the Content-Length of what is sent"
    OVERSIZED = "a body of 64 MiB"
    GZIP_BOMB = "a small compressed body that unpacks to 64 MiB"
    WRONG_DIVISION = "the file of another division under this one's address"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent. length: the Content-Length claimed, None for none. chunks: the body, perhaps shorter."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    length: int | None = 0


def misbehaved(fault: Fault, path: str, body: bytes) -> Answer | None:
    """The answer to a request for ``path`` whose right answer were ``body``; None for silence."""
    csv = {"Content-Type": "text/csv"}
    match fault:
        case Fault.SILENCE:
            return None
        case Fault.HTML_PAGE:
            return _whole(200, _page("200 Not quite", path), {"Content-Type": "text/html"})
        case Fault.MULTIPLE_CHOICES:
            suggestion = {"Content-Type": "text/html", "Location": f"/{_neighbour(path)}"}
            return _whole(300, _page("300 Multiple Choices", path), suggestion)
        case Fault.NOT_FOUND:
            return _whole(404, b"no such file\n", {"Content-Type": "text/plain"})
        case Fault.NOT_MODIFIED:
            return Answer(304, length=None)
        case Fault.TOO_MANY_REQUESTS:
            return Answer(429, {"Retry-After": str(RETRY_AFTER)})
        case Fault.UNAVAILABLE:
            return Answer(503)
        case Fault.SHORT_BODY:
            return Answer(200, csv, iter([body[: len(body) // 2]]), len(body))
        case Fault.CUT_ROW:
            return _whole(200, _cut(body), csv)
        case Fault.OVERSIZED:
            block = (body or b"\n") * (_CHUNK // max(len(body), 1) + 1)
            return Answer(200, csv, (block[:_CHUNK] for _ in range(OVERSIZE // _CHUNK)), OVERSIZE)
        case Fault.GZIP_BOMB:
            return _whole(200, _bomb(), csv | {"Content-Encoding": "gzip"})
        case Fault.WRONG_DIVISION:
            return _whole(200, _relabelled(path, body), csv)


def _whole(status: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    return Answer(status, headers, iter([body]), len(body))


def _page(title: str, path: str) -> bytes:
    """As Apache's mod_speling writes it: no such document, but perhaps a neighbour was meant."""
    link = _neighbour(path)
    text = f'<li><a href="/{link}">/{link}</a> (mistyped character)'
    return (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n'
        f"<html><head>\n<title>{title}</title>\n</head><body>\n<h1>{title}</h1>\n<ul>\n{text}\n</ul>\n</body></html>\n"
    ).encode()


def _neighbour(path: str) -> str:
    """Another league's file of the same season: E1.csv for E0.csv, E0.csv for all others."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{'E1' if name == 'E0.csv' else 'E0'}.csv".lstrip("/")


def _relabelled(path: str, body: bytes) -> bytes:
    """The body with every row's division replaced by the neighbour's."""
    other = _neighbour(path).rpartition("/")[2].removesuffix(".csv").encode()
    header, _, rows = body.partition(b"\n")
    return header + b"\n" + re.sub(rb"^\w+,", other + b",", rows, flags=re.MULTILINE)


def _cut(body: bytes) -> bytes:
    """Up to the middle of the row in the middle."""
    start = body.rfind(b"\n", 0, len(body) // 2) + 1
    end = body.find(b"\n", start)
    return body[: (start + end) // 2]


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(OVERSIZE), 1)
