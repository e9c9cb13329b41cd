"""What a running service reports of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx


def ready(http: httpx.Client) -> tuple[int, str]:
    answer = http.get("/readyz")
    return answer.status_code, answer.json()["status"]


def until(met: Callable[[], Any], http: httpx.Client, seconds: float = 15) -> float:
    """How long it took."""
    begun = time.monotonic()
    while not met():
        assert time.monotonic() - begun < seconds, http.get("/readyz").text
        time.sleep(0.05)
    return time.monotonic() - begun


def problems(http: httpx.Client) -> str:
    return " ".join(http.get("/readyz").json()["problems"])
