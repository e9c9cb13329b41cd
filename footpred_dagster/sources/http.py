"""A rate-limited HTTP client for a small site: conditional requests, bounded in retries, time and bytes."""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import httpx
from tenacity import RetryCallState, Retrying, wait_exponential_jitter

from footpred_dagster.sources.base import (
    MAX_BODY,
    SIMULATED_HEADER,
    BodyTooLarge,
    Fetched,
    SourceUnavailable,
    Validators,
)
from footpred_dagster.sources.site_address import is_loopback, same_site, spellings

PAUSE = 1.0
"""Seconds between two requests to somebody else's server."""
ATTEMPTS = 5
"""Requests per fetch; as many failures in a row, over all fetches, open the circuit."""
RETRY_BUDGET = 120.0
"""Seconds one source may spend waiting for retries in its whole life, so that 22 ailing files do not wait 22 times."""
DEADLINE = 120.0
"""Seconds one request may take altogether: a server that drips a byte per read timeout never finishes."""
MAX_REDIRECTS = 5

_BACKOFF = wait_exponential_jitter(initial=1, max=30, jitter=1)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_INFLATE = frozenset({"gzip", "x-gzip", "deflate"})


class _Retryable(Exception):
    """The server may do better in a moment; ``wait`` holds the seconds that it requires, if any."""

    def __init__(self, cause: str, wait: float | None = None) -> None:
        super().__init__(cause)
        self.wait = wait


class _LeavesSite(SourceUnavailable):
    """A redirect to another site, which is not followed; the site's other address may still serve the file."""


class _RateLimited(_Retryable):
    """HTTP 429: the limit is the site's, so its other address is not a way around it."""


class HttpSource:
    """One site, one connection pool, one retry budget, one circuit. Not to be shared between threads.

    ``https://X`` and ``https://www.X`` are one site: when one of them fails, the next attempt of the same fetch goes to
    the other, and later fetches start with the one that answered. The circuit stays open for the rest of this object's
    life: a run requests five files of a dead site, not five hundred.
    ``sleep`` and ``clock`` (monotonic seconds) are injectable, so that tests assert waits instead of waiting.
    ``transport`` replaces the network, for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        pause: float | None = None,
        retry_budget: float = RETRY_BUDGET,
        timeout: float = 20.0,
        deadline: float = DEADLINE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        try:
            base = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise ValueError(f"{base_url!r} is not an address: {error}") from error
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"{base_url!r} is not an http(s):// address")
        self._bases = spellings(base)
        """The address that the next request goes to comes first."""
        self._causes: dict[str, str] = {}
        """Why each host failed in the fetch under way."""
        loopback = is_loopback(base.host)
        self.name = name or base_url
        self._pause = pause if pause is not None else 0.0 if loopback else PAUSE
        self._budget, self._deadline = retry_budget, deadline
        self._sleep, self._clock = sleep, clock
        self._last_request: float | None = None
        self._failures, self._last_cause = 0, ""
        self._simulated = False
        # No proxy for our own machine: a proxy would look at its own loopback.
        own = {"User-Agent": f"footpred/{_version()}", "Accept": "text/csv, */*;q=0.5", "Accept-Encoding": "gzip"}
        sent = own | dict(headers or {})
        self._client = httpx.Client(
            headers=sent, timeout=timeout, follow_redirects=False, trust_env=not loopback, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def fetch(self, path: str, known: Validators | None = None) -> Fetched:
        """Ask for one file, waiting and retrying within the limits above; raises SourceUnavailable, BodyTooLarge.

        Status 404 stands for 404 and 410. Any other answer with a body, HTTP 300 included, comes back as 200 with its
        bytes: the parser refuses what is not CSV, and the archive keeps it.
        """
        started = self._clock()
        self._causes = {}
        if self._circuit_open:
            cause = f"not asked, {ATTEMPTS} requests in a row failed ({self._last_cause})"
            raise SourceUnavailable(f"{_under(self._bases[0], path)}: {cause}")
        retrying = Retrying(
            retry=self._may_retry, stop=self._gives_up, wait=self._wait, sleep=self._spend, reraise=True
        )
        try:
            url, status, body, validators = retrying(self._request, path, known)
        except (httpx.TransportError, _Retryable, _LeavesSite) as error:
            raise SourceUnavailable(self._failure(path, error)) from error
        seconds = self._clock() - started
        return Fetched(str(url), status, body, validators.etag, validators.last_modified, seconds, self._simulated)

    @property
    def rate_limited(self) -> bool:
        """Whether this is somebody else's server, so that requests are to be few."""
        return self._pause > 0

    @property
    def _circuit_open(self) -> bool:
        return self._failures >= ATTEMPTS

    @property
    def _other_untried(self) -> bool:
        return bool(self._causes) and self._bases[0].host not in self._causes

    def _may_retry(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _LeavesSite):
            return self._other_untried
        return isinstance(error, httpx.TransportError | _Retryable)

    def _gives_up(self, state: RetryCallState) -> bool:
        return state.attempt_number >= ATTEMPTS or self._circuit_open or state.upcoming_sleep > self._budget

    def _wait(self, state: RetryCallState) -> float:
        if self._other_untried:
            return 0.0  # another server, which has required no wait; the pause between requests holds all the same
        error = state.outcome.exception() if state.outcome else None
        required = error.wait if isinstance(error, _Retryable) else None
        return required if required is not None else _BACKOFF(state)

    def _spend(self, seconds: float) -> None:
        if seconds:
            self._budget -= seconds
            self._sleep(seconds)

    def _failure(self, path: str, error: Exception) -> str:
        """What was requested and how it failed; with two addresses, of each of them."""
        if len(self._causes) > 1:
            tried = " and ".join(f"https://{host} ({cause})" for host, cause in self._causes.items())
            return f"{path}: no answer from {tried}; --source DIRECTORY reads a copy of the site from a folder"
        wait = error.wait if isinstance(error, _Retryable) else None
        required = f"; it asks to wait {wait:.0f} s, {self._budget:.0f} s are left" if wait is not None else ""
        return f"{_under(self._bases[0], path)}: {_cause(error)}{required}"

    def _request(self, path: str, known: Validators | None) -> tuple[httpx.URL, int, bytes | None, Validators]:
        """One attempt, redirects within the site included; keeps the count that the circuit reads."""
        base = self._bases[0]
        url = httpx.URL(_under(base, path))
        try:
            answer = self._follow(url, known)
        except (httpx.TransportError, _Retryable, SourceUnavailable) as error:
            self._failures, self._last_cause = self._failures + 1, _cause(error)
            if isinstance(error, httpx.TransportError | _Retryable | _LeavesSite):
                self._causes[base.host] = _cause(error)
                if not isinstance(error, _RateLimited):
                    self._bases.append(self._bases.pop(0))
            raise
        self._failures = 0
        return url, *answer

    def _follow(self, url: httpx.URL, known: Validators | None) -> tuple[int, bytes | None, Validators]:
        until = self._clock() + self._deadline
        for _ in range(MAX_REDIRECTS + 1):
            self._pause_between_requests()
            with self._client.stream("GET", url, headers=_conditions(known)) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    answer = self._read(response, known, until)
                    self._bases.sort(key=lambda base: base.host != response.url.host)
                    return answer
                target = _redirect_target(response)
            if not same_site(url, target):
                raise _LeavesSite(f"{url}: redirects to {target}, which is another site; not followed")
            url = target
        raise SourceUnavailable(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _pause_between_requests(self) -> None:
        if self._last_request is not None and (gap := self._last_request + self._pause - self._clock()) > 0:
            self._sleep(gap)
        self._last_request = self._clock()

    def _read(
        self, response: httpx.Response, known: Validators | None, until: float
    ) -> tuple[int, bytes | None, Validators]:
        status, headers = response.status_code, response.headers
        self._simulated = SIMULATED_HEADER in headers
        validators = Validators(headers.get("etag"), headers.get("last-modified"))
        if status in (404, 410):
            return 404, None, Validators(None, None)
        if status == 304 and known and _conditions(known):
            return 304, None, Validators(validators.etag or known.etag, validators.last_modified or known.last_modified)
        if status == 429:
            raise _RateLimited("HTTP 429", _retry_after(headers))
        if status >= 500:
            raise _Retryable(f"HTTP {status}", _retry_after(headers))
        if status >= 400 or status in (204, 206, 304):
            raise SourceUnavailable(f"{response.url}: HTTP {status} ({response.reason_phrase}), not a file")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in _INFLATE | {"identity", ""}:
            raise SourceUnavailable(f"{response.url}: answers in {encoding}, which was not asked for")
        body = _decoded(self._in_time(response, until), encoding in _INFLATE, str(response.url))
        # The "did you mean" page of a 300 is not the file: the next request must ask for the file again, in full.
        return 200, body, validators if status == 200 else Validators(None, None)

    def _in_time(self, response: httpx.Response, until: float) -> Iterator[bytes]:
        for chunk in response.iter_raw():
            if self._clock() > until:
                raise _Retryable(f"timeout: still sending after {self._deadline:.0f} s")
            yield chunk


def _decoded(chunks: Iterator[bytes], compressed: bool, url: str) -> bytes:
    """Inflate with an output limit per step: httpx's own decoders would unpack a whole bomb before we could look."""
    body = bytearray()
    inflate = zlib.decompressobj(wbits=47) if compressed else None
    for chunk in chunks:
        try:
            body += inflate.decompress(chunk, MAX_BODY + 1 - len(body)) if inflate else chunk
        except zlib.error as error:
            raise _Retryable(f"damaged compression: {error}") from error
        if len(body) > MAX_BODY:
            raise BodyTooLarge(url)
    if inflate and not inflate.eof and body:
        raise _Retryable("compressed body breaks off")
    return bytes(body)


def _conditions(known: Validators | None) -> dict[str, str]:
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
    return {header: value for header, value in pairs.items() if value}


def _retry_after(headers: httpx.Headers) -> float | None:
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


def _redirect_target(response: httpx.Response) -> httpx.URL:
    try:
        return response.url.join(response.headers["location"])
    except httpx.InvalidURL as error:
        raise SourceUnavailable(f"{response.url}: redirects to an unreadable address") from error


def _under(base: httpx.URL, path: str) -> str:
    return f"{base}/{path.lstrip('/')}"


def _cause(error: BaseException) -> str:
    kind = "timeout" if isinstance(error, httpx.TimeoutException) else type(error).__name__
    return f"{kind}: {error}" if isinstance(error, httpx.TransportError) else str(error)


def _version() -> str:
    try:
        return version("footpred")
    except PackageNotFoundError:
        return "0"
