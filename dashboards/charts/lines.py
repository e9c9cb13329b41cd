"""Lines over time: ratings of clubs, and the race for points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, NumeralTickFormatter
from bokeh.plotting import figure

from dashboards.charts.base import NORMAL, SMALL, chart
from dashboards.reader import Row
from dashboards.theme import QUIET, SERIES


def ratings(histories: Sequence[tuple[str, Sequence[Row]]], height: int = SMALL) -> figure:
    """Elo of several clubs before each of their matches; ``histories`` are (club, rows with match_date and elo)."""
    plot = chart(
        [("", "@name"), ("date", "@x{%F}"), ("Elo", "@y{0}")], height, x_axis_type="datetime", y_axis_label="Elo"
    )
    plot.hover[0].formatters = {"@x": "datetime"}
    for (name, rows), colour in zip(histories, SERIES, strict=False):
        source = ColumnDataSource(
            {
                "x": np.array([row["match_date"] for row in rows], dtype="datetime64[ms]"),
                "y": [row["elo"] for row in rows],
                "name": [name] * len(rows),
            }
        )
        plot.line("x", "y", source=source, line_width=2, color=colour)
    plot.yaxis.formatter = NumeralTickFormatter(format="0")
    return plot


def points_race(results: Sequence[Row], names: dict[str, str], shown: Sequence[str]) -> figure:
    """Points after each match of a season: every club in grey, ``shown`` in colour. Results in order of date."""
    totals: dict[str, list[int]] = {team: [0] for team in names}
    for row in results:
        for team, won in ((row["home_id"], row["outcome"] == 0), (row["away_id"], row["outcome"] == 2)):
            line = totals.setdefault(team, [0])
            line.append(line[-1] + (3 if won else 1 if row["outcome"] == 1 else 0))
    plot = chart(
        [("", "@name"), ("after match", "@x"), ("points", "@y")],
        NORMAL,
        x_axis_label="matches played",
        y_axis_label="points",
    )
    for team, line in totals.items():
        if team not in shown:
            plot.line(list(range(len(line))), line, color=QUIET, alpha=0.35, line_width=1)
    for team, colour in zip(shown, SERIES, strict=False):
        line, name = totals[team], names.get(team, team)
        source = ColumnDataSource({"x": list(range(len(line))), "y": line, "name": [name] * len(line)})
        drawn = plot.line("x", "y", source=source, color=colour, line_width=2.5)
        plot.hover[0].renderers = [*(plot.hover[0].renderers if plot.hover[0].renderers != "auto" else []), drawn]
    return plot
