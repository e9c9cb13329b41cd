"""What all charts share. Colours of axes and text follow the theme of the page by themselves."""

from __future__ import annotations

from typing import Any

from bokeh.models import HoverTool
from bokeh.plotting import figure

SMALL, NORMAL = 240, 320


def chart(tooltips: list[tuple[str, str]] | None = None, height: int = NORMAL, **options: Any) -> figure:
    """An empty figure as wide as the page, without tools but a hover."""
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        min_border_right=16,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        **options,
    )
    if tooltips:
        plot.add_tools(HoverTool(tooltips=tooltips, point_policy="snap_to_data"))
    plot.xgrid.grid_line_color = None
    return plot
