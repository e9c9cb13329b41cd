"""Pages by cursor: the place after the last item, not its number, so that nothing is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from serving.errors import Problem
from serving.schemas.problem import FieldError


class _Place(msgspec.Struct, array_like=True):
    kickoff: datetime
    match_id: str


def cursor_of(kickoff: datetime, match_id: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Place(kickoff, match_id))).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    """Where a page begins; raises Problem for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Place)
        if place.kickoff.tzinfo is None:
            raise ValueError("no offset")
        place.match_id.encode()
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        errors = [FieldError("query.cursor", "not a cursor of an earlier page")]
        raise Problem("invalid-request", "see errors", errors=errors) from error
    return place.kickoff, place.match_id


def link(cursor: str | None) -> dict[str, str]:
    """Header that names the next page for callers that read CSV."""
    return {"X-Next-Cursor": cursor} if cursor else {}
