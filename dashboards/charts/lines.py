"""Lines over time: ratings of clubs, and the race for points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from bokeh.models import ColumnDataSource, DatetimeTicker, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure

from dashboards.charts.base import NORMAL, SMALL, chart
from dashboards.reader import Row
from dashboards.theme import QUIET, SERIES


def ratings(histories: Sequence[tuple[str, Sequence[Row]]], height: int = SMALL) -> figure:
    """Elo of several clubs before each of their matches; ``histories`` are (club, rows with match_date and elo)."""
    plot = chart(None, height, x_axis_type="datetime", y_axis_label="Elo")
    for (name, rows), colour in zip(histories, SERIES, strict=False):
        source = ColumnDataSource(
            {
                "x": np.array([row["match_date"] for row in rows], dtype="datetime64[ms]"),
                "y": np.array([row["elo"] for row in rows], dtype=float),
                "name": [name] * len(rows),
            }
        )
        plot.line("x", "y", source=source, line_width=2, color=colour)
    plot.add_tools(
        HoverTool(tooltips=[("", "@name"), ("date", "@x{%F}"), ("Elo", "@y{0}")], formatters={"@x": "datetime"})
    )
    plot.yaxis.formatter = NumeralTickFormatter(format="0")
    plot.xaxis.ticker = DatetimeTicker(desired_num_ticks=4)
    return plot


def points_race(results: Sequence[Row], names: dict[str, str], shown: Sequence[str]) -> figure:
    """Points after each match of a season: every club in grey, ``shown`` in colour. Results in order of date."""
    totals = running_points(results, names)
    others = [team for team in totals if team not in shown]
    plot = chart(None, NORMAL, x_axis_label="matches played", y_axis_label="points")
    for group, colours, width, alpha in (
        (others, [QUIET] * len(others), 1, 0.4),
        (list(shown), list(SERIES), 2.5, 1.0),
    ):
        source = ColumnDataSource(
            {
                "x": [list(range(len(totals[team]))) for team in group],
                "y": [totals[team] for team in group],
                "name": [names.get(team, team) for team in group],
                "total": [totals[team][-1] for team in group],
                "colour": colours[: len(group)],
            }
        )
        plot.multi_line("x", "y", source=source, line_color="colour", line_width=width, line_alpha=alpha)
    plot.add_tools(HoverTool(tooltips=[("", "@name"), ("points", "@total")], line_policy="nearest"))
    return plot


def running_points(results: Sequence[Row], teams: Iterable[str]) -> dict[str, list[int]]:
    """Points before the season and after each match, 3 for a win and 1 for a draw, of ``teams`` and who else played."""
    totals: dict[str, list[int]] = {team: [0] for team in teams}
    for row in results:
        for team, won in ((row["home_id"], row["outcome"] == 0), (row["away_id"], row["outcome"] == 2)):
            line = totals.setdefault(team, [0])
            line.append(line[-1] + (3 if won else 1 if row["outcome"] == 1 else 0))
    return totals
