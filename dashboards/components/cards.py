"""Pieces of HTML and charts as Panel shows them."""

from __future__ import annotations

from collections.abc import Iterable

import panel as pn
from bokeh.models import Plot
from markupsafe import Markup

from dashboards import html, theme


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
