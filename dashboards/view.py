"""What a page is, and what it is given: pages are functions of the address, called once per visit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import Plot
from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html, theme
from dashboards.data.teams import leagues
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


def pane(content: Markup) -> pn.pane.HTML:
    return pn.pane.HTML(
        str(Markup('<div class="fp stack">{}</div>').format(content)),  # a Markup would look escaped to Panel
        sizing_mode="stretch_width",
        margin=0,
        stylesheets=[theme.STYLE],
    )


CARD = {
    "background": "var(--fp-surface)",
    "border": "1px solid var(--fp-line)",
    "border-radius": "8px",
    "padding-bottom": "8px",
}


def chart_card(title: str, plot: Plot, says: str, note: object = "", key: Iterable[tuple[str, str]] = ()) -> pn.Column:
    """A chart under the question it answers. ``says`` tells those who cannot see it what it shows.

    ``key``: name and colour of each series, above the plot as text that wraps.
    """
    noted = Markup('<p class="muted">{}</p>').format(note) if note else ""
    named = html.join(Markup('<span><i style="background:{}"></i>{}</span>').format(c, name) for name, c in key)
    heading = pane(
        Markup('<div><h2>{}</h2>{}<p class="said">{}</p><div class="key">{}</div></div>').format(
            title, noted, says, named
        )
    )
    heading.margin = (16, 16, 0, 16)
    return pn.Column(
        heading,
        pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=(0, 8, 16, 16)),
        sizing_mode="stretch_width",
        styles=CARD,
        css_classes=["chart-card"],
        stylesheets=[theme.WHOLE],
    )


FILTER: dict[str, Any] = {
    "sizing_mode": "stretch_width",
    "styles": {"flex": "1 1 150px", "max-width": "240px"},
    "margin": (8, 8, 8, 0),
}
"""How filters share a line, two of them on a telephone."""


def select(view: View, name: str, label: str, options: Mapping[str, str], default: str = "") -> pmui.Select:
    """``options``: what is shown by what stands in the address."""
    current = view.query.get(name, default)
    widget = pmui.Select(
        label=label,
        options={shown: value for value, shown in options.items()},
        value=current if current in options else default,
        size="small",
        **FILTER,
    )
    widget.param.watch(lambda event: view.change(**{name: "" if event.new == default else event.new}), "value")
    return widget


def league_select(view: View, default: str = "", *, everything: bool = True) -> pmui.Select:
    known = {row["league"]: f"{row['country']} · {row['name']}" for row in leagues(view.reader)}
    return select(view, "league", "League", ({"": "All leagues"} if everything else {}) | known, default)
