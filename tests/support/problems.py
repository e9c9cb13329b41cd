"""Reading problem details."""

from __future__ import annotations

from typing import Any


def problem(answer: Any, status: int) -> str:
    """The slug of the problem an answer is; fails the test when it is another status or no problem at all."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    return str(told["type"].removeprefix("urn:footpred:problem:"))
