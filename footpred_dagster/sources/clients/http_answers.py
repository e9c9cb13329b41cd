"""What an answer of a web server comes to: its body in full, the wait that it requires, what to request with next."""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Iterator
from http.cookiejar import CookieJar
from importlib.metadata import PackageNotFoundError, version

import httpx

from footpred_dagster.sources.clients.base import MAX_BODY, BodyTooLarge, Validators

SHOWN = 200
"""Characters of a server's own words in a message."""
LONGEST = 1000
"""Characters of a validator that is sent back; servers limit the head of a request."""


class Retryable(Exception):
    """The server may do better in a moment; ``wait`` holds the seconds that it requires, if any."""

    def __init__(self, cause: str, wait: float | None = None) -> None:
        super().__init__(cause)
        self.wait = wait


class RateLimited(Retryable):
    """HTTP 429: the limit is the site's, so its other address is not a way around it."""


def decoded(chunks: Iterator[bytes], compressed: bool, url: str) -> bytes:
    """Inflate with an output limit per step: httpx's own decoders would unpack a whole bomb before we could look.

    A gzip body may have several members. Raises Retryable for a damaged or broken one, BodyTooLarge.
    """
    body, begun = bytearray(), False
    inflate = zlib.decompressobj(wbits=47) if compressed else None
    for chunk in chunks:
        rest = chunk
        while rest:
            if inflate and inflate.eof:
                inflate = zlib.decompressobj(wbits=47)
            try:
                body += inflate.decompress(rest, MAX_BODY + 1 - len(body)) if inflate else rest
            except zlib.error as error:
                raise Retryable(f"damaged compression: {error}") from error
            if len(body) > MAX_BODY:
                raise BodyTooLarge(url)
            rest = inflate.unused_data if inflate and inflate.eof else b""
        begun = True
    if inflate and begun and not inflate.eof:
        raise Retryable("compressed body breaks off")
    return bytes(body)


def conditions(known: Validators | None) -> dict[str, str]:
    """Headers of a conditional request. A validator that no header can carry is left out, whoever gave it."""
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
    return {header: value for header, value in pairs.items() if value and len(value) < LONGEST and is_plain(value)}


def is_plain(text: str) -> bool:
    """Whether a header can carry it."""
    return text.isascii() and text.isprintable()


def shown(text: str) -> str:
    """What a server wrote, for a line of a message: printable, and not longer than SHOWN."""
    line = "".join(letter if letter.isprintable() else "?" for letter in text[: SHOWN + 1])
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."


def user_agent() -> str:
    """Who asks."""
    try:
        return f"footpred/{version('footpred')}"
    except PackageNotFoundError:
        return "footpred/0"


class NoCookies(CookieJar):
    """Keeps none, and reads none: what a server sets there cannot be at fault."""

    def extract_cookies(self, response: object, request: object) -> None:
        return


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds the server asks for; an HTTP date is read against the server's own clock. None when absent or unclear."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until: float = email.utils.parsedate_to_datetime(text).timestamp()
        now = email.utils.parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - now)
