"""What is known of one request while it is answered; the gateway makes it, guards and handlers fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footpred_dagster.core.api_keys import Key

KEY_HEADER = "X-API-Key"
SCOPE_KEY = "footpred"
ARRIVED = "footpred.arrived"
"""In the scope of a request whose body has arrived: no time limit is needed for it."""
REFUSED = "footpred.refused"
"""In the scope of a request that the limits of its connection refuse: the Problem to answer."""


class Call:
    """``limit``: RateLimit headers to send. ``problem``: slug of the problem that was answered.

    representation: the media type that the caller accepts, of those the operation offers.
    """

    __slots__ = ("key", "limit", "problem", "refused", "representation", "request_id")

    def __init__(self, request_id: str) -> None:
        self.request_id, self.representation = request_id, ""
        self.key: Key | None = None
        self.limit: list[tuple[bytes, bytes]] | None = None
        self.problem: str | None = None
        self.refused = False


def call_of(scope: Mapping[str, Any]) -> Call:
    call: Call = scope[SCOPE_KEY]
    return call
