"""A rate-limited HTTP client for a small site: conditional requests, bounded in retries, time and bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

import httpx
from tenacity import RetryCallState, Retrying, wait_exponential_jitter

from footpred_dagster.sources.clients.base import (
    SIMULATED_HEADER,
    BodyTooLarge,
    Fetched,
    SourceLimited,
    SourceUnavailable,
    Validators,
)
from footpred_dagster.sources.clients.circuit import Circuit
from footpred_dagster.sources.clients.deadline import closed_after
from footpred_dagster.sources.clients.http_answers import (
    NoCookies,
    RateLimited,
    Retryable,
    conditions,
    decoded,
    retry_after,
    shown,
    user_agent,
)
from footpred_dagster.sources.clients.site_address import is_loopback, same_site, spellings, without_account

PAUSE = 1.0
"""Seconds between two requests to somebody else's server."""
ATTEMPTS = 5
"""Requests per fetch. After a file that failed, the next one is requested twice at each address at most, and once
where the site sends nothing at all."""
RETRY_BUDGET = 120.0
"""Seconds one source may spend waiting for retries in its whole life, so that 22 ailing files do not wait 22 times."""
DEADLINE = 120.0
"""Seconds one request may take altogether: a server that drips a byte per read timeout never finishes."""
MAX_REDIRECTS = 2
"""Up to https, and to the site's other address."""

_BACKOFF = wait_exponential_jitter(initial=1, max=30, jitter=1)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRYABLE = frozenset({408, 421, 425})
_INFLATE = frozenset({"gzip", "x-gzip", "deflate"})


class HttpSource:
    """One site, one connection pool, one retry budget, one circuit. Not to be shared between threads.

    ``https://X`` and ``https://www.X`` are one site: when one of them fails, the next attempt of the same fetch goes to
    the other, and later fetches start with the one that answered. After one failure of the first a refusal by the other
    does not count yet: the first may have stumbled. The circuit stays open for the rest of this object's life: a run
    requests a few files of a dead site, not five hundred. A password in ``base_url`` is sent and never shown, and sent
    to no other host.
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
            why = "encode what stands before the @ (%2F for /)" if "@" in base_url else str(error)
            raise ValueError(f"{without_account(base_url)!r} is not an address: {why}") from error
        if base.scheme not in ("http", "https") or not base.host:
            raise ValueError(f"{without_account(base_url)!r} is not an http(s):// address")
        account = (base.username, base.password) if base.userinfo else None
        base = base.copy_with(userinfo=b"")
        self._secret = bool(account or headers)
        self._bases = [base] if self._secret else spellings(base)
        """The address that the next request goes to comes first."""
        self._first = base.host
        self._causes: dict[str, str] = {}
        """Why each host failed in this fetch."""
        self._failed = 0
        """How often the first address failed since it last answered; a refusal, no passing fault, counts twice."""
        self._not_before: dict[str, float] = {}
        """Until when each host requires that no request is sent to it."""
        self._way_out = "" if headers else "; --source DIRECTORY reads a copy of the site from a folder"
        loopback = is_loopback(base.host)
        self.name = name or (str(base) if account else base_url)
        self._pause = pause if pause is not None else 0.0 if loopback else PAUSE
        self._budget, self._deadline = retry_budget, deadline
        self._sleep, self._clock = sleep, clock
        self._last_request: float | None = None
        self._circuit = Circuit()
        self._simulated = False
        # No proxy for our own machine: a proxy would look at its own loopback.
        own = {"User-Agent": user_agent(), "Accept": "text/csv, */*;q=0.5", "Accept-Encoding": "gzip"}
        sent = own | dict(headers or {})
        self._open = partial(
            httpx.Client,
            headers=sent,
            auth=account,
            timeout=timeout,
            follow_redirects=False,
            trust_env=not loopback,
            transport=transport,
            cookies=NoCookies(),
        )
        self._client = self._open()

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
        if self.given_up:
            cause = f"not asked, {self._circuit.requests} requests in a row failed ({self._circuit.last_cause})"
            raise SourceUnavailable(f"{_under(self._bases[0], path)}: {cause}{self._way_out}")
        retrying = Retrying(
            retry=self._may_retry, stop=self._gives_up, wait=self._wait, sleep=self._spend, reraise=True
        )
        try:
            url, status, body, validators = retrying(self._request, path, known)
        except (httpx.TransportError, Retryable, SourceUnavailable) as error:
            self._circuit.files += 1
            self._circuit.refuses_all = isinstance(error, RateLimited)
            kind = SourceLimited if self._circuit.refuses_all else SourceUnavailable
            raise kind(self._failure(path, error)) from error
        seconds = self._clock() - started
        return Fetched(str(url), status, body, validators.etag, validators.last_modified, seconds, self._simulated)

    @property
    def rate_limited(self) -> bool:
        """Whether this is somebody else's server, so that requests are to be few."""
        return self._pause > 0

    @property
    def given_up(self) -> bool:
        """Whether the circuit is open: no further request is sent."""
        return self._circuit.open

    @property
    def _other_untried(self) -> bool:
        return bool(self._causes) and self._bases[0].host not in self._causes

    def _may_retry(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SourceUnavailable):
            return self._other_untried
        return isinstance(error, httpx.TransportError | Retryable)

    def _gives_up(self, state: RetryCallState) -> bool:
        after_failure = len(self._bases) * (2 if self._circuit.heard else 1)
        limited = state.outcome is not None and isinstance(state.outcome.exception(), RateLimited)
        attempts = after_failure if self._circuit.files and not limited else ATTEMPTS
        return state.attempt_number >= attempts or state.upcoming_sleep > self._budget

    def _wait(self, state: RetryCallState) -> float:
        required = self._not_before.get(self._bases[0].host)
        if required is not None:
            return max(0.0, required - self._clock())
        # Another server has failed at nothing yet; the pause between requests holds all the same.
        return 0.0 if self._other_untried else _BACKOFF(state)

    def _spend(self, seconds: float) -> None:
        if seconds:
            self._budget -= seconds
            self._sleep(seconds)

    def _failure(self, path: str, error: Exception) -> str:
        """What was requested and how it failed; with two addresses, of each of them."""
        if len(self._causes) > 1:
            tried = " and ".join(f"https://{host} ({cause})" for host, cause in self._causes.items())
            return f"{path}: no answer from {tried}{self._way_out}"
        wait = error.wait if isinstance(error, Retryable) else None
        required = f"; it asks to wait {wait:.0f} s, {self._budget:.0f} s are left" if wait is not None else ""
        said = _cause(error)
        where = "" if said.startswith(str(self._bases[0])) else f"{_under(self._bases[0], path)}: "
        return f"{where}{said}{required}{self._way_out}"

    def _request(self, path: str, known: Validators | None) -> tuple[httpx.URL, int, bytes | None, Validators]:
        """One attempt, redirects within the site included; keeps the count that the circuit reads."""
        base = self._bases[0]
        url = httpx.URL(_under(base, path))
        try:
            answer = self._follow(url, known)
            if answer[0] == 404 and self._doubted(base.host):
                raise Retryable("HTTP 404")
        except (httpx.TransportError, Retryable, SourceUnavailable) as error:
            self._circuit.last_cause = _cause(error)
            if self._doubted(base.host) and isinstance(error, SourceUnavailable):
                error = Retryable(_cause(error))
            self._causes[base.host] = _cause(error)
            if base.host == self._first:
                self._failed += 2 if isinstance(error, SourceUnavailable) else 1
            if not isinstance(error, RateLimited):
                self._bases.append(self._bases.pop(0))
            raise error
        except BodyTooLarge:
            self._circuit.close()
            raise
        self._circuit.close()
        return url, *answer

    def _doubted(self, host: str) -> bool:
        """Whether a refusal by ``host`` says nothing of the file yet: it stands in for the site's first address, which
        has failed once."""
        return host != self._first and self._failed == 1

    def _follow(self, url: httpx.URL, known: Validators | None) -> tuple[int, bytes | None, Validators]:
        if self._client.is_closed:  # the last exchange took too long
            self._client = self._open()
        with closed_after(self._client, self._deadline):
            for _ in range(MAX_REDIRECTS + 1):
                self._wait_for_turn(url.host)
                self._circuit.requests += 1
                try:
                    with self._client.stream("GET", url, headers=conditions(known)) as response:
                        self._circuit.heard = True
                        if response.status_code not in _REDIRECTS or "location" not in response.headers:
                            answer = self._read(response, known)
                            self._bases.sort(key=lambda base: base.host != response.url.host)
                            if response.url.host == self._first:
                                self._failed = 0
                            return answer
                        target = response.url.join(response.headers["location"])
                except (httpx.InvalidURL, UnicodeError) as error:
                    raise SourceUnavailable(f"{url}: redirects to an unreadable address; not followed") from error
                if not same_site(url, target) or (self._secret and target.host != url.host):
                    address = shown(without_account(str(target)))
                    raise SourceUnavailable(f"{url}: redirects to {address}, which is another site; not followed")
                url = target
        raise SourceUnavailable(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _wait_for_turn(self, host: str) -> None:
        """Wait out the pause between requests; raises Retryable where ``host`` itself requires a longer one."""
        left = self._not_before.get(host, 0.0) - self._clock()
        if left > 0:
            raise Retryable("requires a longer wait", left)
        if self._last_request is not None and (gap := self._last_request + self._pause - self._clock()) > 0:
            self._sleep(min(gap, self._pause))
        self._last_request = self._clock()

    def _read(self, response: httpx.Response, known: Validators | None) -> tuple[int, bytes | None, Validators]:
        status, headers = response.status_code, response.headers
        self._simulated = SIMULATED_HEADER in headers
        validators = Validators(headers.get("etag"), headers.get("last-modified"))
        if status in (404, 410):
            return 404, None, Validators(None, None)
        if status == 304 and known and conditions(known):
            return 304, None, Validators(validators.etag or known.etag, validators.last_modified or known.last_modified)
        if status == 429 or status >= 500 or status in _RETRYABLE:
            wait = retry_after(headers)
            if wait is not None:
                self._not_before[response.url.host] = self._clock() + wait
            raise (RateLimited if status == 429 else Retryable)(f"HTTP {status}", wait)
        if status not in (200, 203, 300):
            raise SourceUnavailable(f"{response.url}: HTTP {status} ({shown(response.reason_phrase)}), not a file")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in _INFLATE | {"identity", ""}:
            raise SourceUnavailable(f"{response.url}: answers in {shown(encoding)}, which was not asked for")
        body = decoded(response.iter_raw(), encoding in _INFLATE, str(response.url))
        # The "did you mean" page of a 300 is not the file: the next request must ask for the file again, in full.
        return 200, body, validators if status == 200 else Validators(None, None)


def _under(base: httpx.URL, path: str) -> str:
    return f"{base}/{path.lstrip('/')}"


def _cause(error: BaseException) -> str:
    kind = "timeout" if isinstance(error, httpx.TimeoutException) else type(error).__name__
    return f"{kind}: {shown(str(error))}" if isinstance(error, httpx.TransportError) else str(error)
