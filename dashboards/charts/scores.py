"""Dots with intervals: scores beside each other, and how often a claim came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from bokeh.models import ColumnDataSource, NumeralTickFormatter, Span, Whisker
from bokeh.plotting import figure

from dashboards.charts.base import NORMAL, chart
from dashboards.theme import AWAY, HOME, QUIET

ROW = 30


@dataclass(frozen=True, slots=True)
class Dot:
    """A value with its interval, such as a log-loss by model; bounds are None where there is no interval."""

    label: str
    value: float
    low: float | None
    high: float | None
    n: int
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """``n`` claims of ``claimed`` on average came true as ``observed``, within ``low`` and ``high``."""

    claimed: float
    observed: float
    low: float
    high: float
    n: int


def dots(rows: Sequence[Dot], axis: str, zero: float | None = None, digits: str = "0.000") -> figure:
    """One line per dot, first on top; ``zero`` draws a line to compare with."""
    labels = [row.label for row in rows][::-1]
    finer = "0.0%" if "%" in digits else f"{digits}0"
    tooltips = [("", "@label"), (axis, f"@value{{{finer}}}"), ("95 %", "@bounds"), ("matches", "@n{0,0}")]
    plot = chart(tooltips, 70 + ROW * len(rows), y_range=labels, x_axis_label=axis)
    source = ColumnDataSource(
        {
            "label": [row.label for row in rows],
            "value": [row.value for row in rows],
            "low": [nan if row.low is None else row.low for row in rows],
            "high": [nan if row.high is None else row.high for row in rows],
            "bounds": [interval(row, finer) for row in rows],
            "n": [row.n for row in rows],
            "colour": [HOME if row.ours else QUIET for row in rows],
        }
    )
    if zero is not None:
        plot.add_layout(Span(location=zero, dimension="height", line_color=AWAY, line_dash="dashed"))
    plot.segment("low", "label", "high", "label", source=source, color="colour", line_width=2)
    plot.scatter("value", "label", source=source, size=11, color="colour")
    plot.xaxis.formatter = NumeralTickFormatter(format=digits)
    plot.ygrid.grid_line_color = None
    plot.x_range.range_padding = 0.1
    return plot


def interval(dot: Dot, digits: str) -> str:
    """In words; ``digits`` is a format such as ``0.0000`` or ``0.0%``."""
    if dot.low is None or dot.high is None:
        return "none: too few match weeks"
    places = len(digits.rstrip("%").partition(".")[2])
    kind = "%" if digits.endswith("%") else "f"
    return f"{dot.low:.{places}{kind}} to {dot.high:.{places}{kind}}"


def reliability(bins: Sequence[Claims]) -> figure:
    """Observed against claimed frequency: on the diagonal a claim is honest."""
    bounds = "@low{0.0%} to @high{0.0%}"
    plot = chart(
        [("claimed", "@x{0.0%}"), ("came true", "@y{0.0%}"), ("95 %", bounds), ("claims", "@n{0,0}")],
        NORMAL,
        x_range=(0, 1),
        y_range=(0, 1),
        x_axis_label="claimed probability",
        y_axis_label="came true",
    )
    plot.line([0, 1], [0, 1], color=QUIET, line_dash="dashed")
    source = ColumnDataSource(
        {
            "x": [row.claimed for row in bins],
            "y": [row.observed for row in bins],
            "low": [row.low for row in bins],
            "high": [row.high for row in bins],
            "n": [row.n for row in bins],
        }
    )
    whisker = Whisker(source=source, base="x", lower="low", upper="high", line_color=HOME, line_width=2)
    whisker.upper_head.line_color = whisker.lower_head.line_color = HOME
    plot.add_layout(whisker)
    plot.scatter("x", "y", source=source, size=9, color=HOME)
    plot.xaxis.formatter = plot.yaxis.formatter = NumeralTickFormatter(format="0%")
    return plot
