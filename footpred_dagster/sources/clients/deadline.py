"""An end to every exchange: a server that drips headers, interim answers or trailers lets no read time out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import httpx

from footpred_dagster.sources.clients.http_answers import Retryable


@contextmanager
def closed_after(client: httpx.Client, seconds: float) -> Iterator[None]:
    """Close ``client`` while the block still runs after ``seconds``; what the block raises then becomes Retryable.

    From outside: httpx limits each read, not all of them. The block ends with the next byte or read timeout.
    """
    timer = Timer(seconds, client.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if not client.is_closed:
            raise
        raise Retryable(f"timeout: still sending after {seconds:.0f} s") from error
    finally:
        timer.cancel()
        timer.join()
