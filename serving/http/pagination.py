"""Pages by cursor: the place after the last item, not its number, so that nothing is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from serving.http.errors import Problem

Item = TypeVar("Item")
NO_CURSOR = "take `next` of the page before, or begin without a cursor"


class _Place(msgspec.Struct, array_like=True):
    kickoff: datetime
    match_id: str


def cursor_of(kickoff: datetime, match_id: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Place(kickoff, match_id))).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, str] | None:
    """Where a page begins; raises Problem for what no page named."""
    if cursor is None:
        return None
    try:
        place = msgspec.json.decode(_decoded(cursor), type=_Place)
        if place.kickoff.tzinfo is None:
            raise ValueError("no offset")
        place.match_id.encode()
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Problem("unknown-cursor", NO_CURSOR) from error
    return place.kickoff, place.match_id


def _decoded(cursor: str) -> bytes:
    """Raises Problem for a NUL in a cursor, ValueError for what is none."""
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    if b"\0" in content or b"\\u0000" in content:
        raise Problem("invalid-request", "there is a NUL in the cursor")
    return content


def cursor_after(identity: str) -> str:
    """The place after an item of a list that is short enough to be in memory."""
    return base64.urlsafe_b64encode(identity.encode()).decode().rstrip("=")


def page_after(
    items: Sequence[Item], cursor: str | None, limit: int, identity: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """The items after the one that ``cursor`` names, and the cursor of those after them; raises Problem."""
    begin = 0
    if cursor is not None:
        places = {cursor_after(identity(item)): place for place, item in enumerate(items)}
        if cursor not in places:
            with contextlib.suppress(ValueError):
                _decoded(cursor)
            raise Problem("unknown-cursor", NO_CURSOR)
        begin = places[cursor] + 1
    page = list(items[begin : begin + limit])
    return page, cursor_after(identity(page[-1])) if begin + limit < len(items) else None


def link(cursor: str | None) -> dict[str, str]:
    """Header that names the next page for callers that read CSV."""
    return {"X-Next-Cursor": cursor} if cursor else {}
