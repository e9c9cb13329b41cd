"""What a page is, and what it is given: pages are functions of the address, called once per visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from panel.viewable import Viewable

from dashboards.links import Links
from dashboards.reader import Reader, Row

Part = Viewable | Markup
Export = Callable[[Reader, Mapping[str, str]], list[Row]]
"""Rows for the query of an address."""


@dataclass(frozen=True, slots=True)
class View:
    """``query`` is the address's; ``change(name=value)`` writes to it and draws the content anew."""

    reader: Reader
    query: Mapping[str, str]
    followed: tuple[str, ...]
    links: Links
    change: Callable[..., None]

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def get(self, name: str) -> str | None:
        return self.query.get(name) or None

    def choice(self, name: str, among: Mapping[str, Any] | list[str], default: str) -> str:
        """The value in the address if it is one of those offered."""
        value = self.query.get(name, default)
        return value if value in among else default

    @property
    def skip(self) -> int:
        """Rows on the pages before this one."""
        page = self.query.get("page", "1")
        return (min(int(page), 10_000) - 1) if page.isdecimal() and int(page) > 0 else 0


def _nothing(_: View) -> list[Viewable]:
    return []


@dataclass(frozen=True, slots=True)
class Page:
    """``content`` and ``controls`` build new components each time: nothing is kept between visits.

    export: what the page gives as CSV, None for a page that gives none.
    """

    slug: str
    title: str
    content: Callable[[View], list[Part]]
    controls: Callable[[View], list[Viewable]] = _nothing
    export: Export | None = None
