"""Widgets that write to the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import panel_material_ui as pmui

from dashboards.data.teams import leagues
from dashboards.view import View

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
