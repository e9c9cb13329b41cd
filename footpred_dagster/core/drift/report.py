"""The drift report: one page of HTML that needs nothing but itself, kept in the archive with the run."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import numpy as np

from footpred_dagster.core.drift.findings import (
    ALL,
    ALPHA,
    GROWING,
    LARGE_D,
    LARGE_PSI,
    LEAST_MATCHES,
    SIDES,
    Finding,
    Kind,
    Window,
)
from footpred_dagster.core.drift.forecasts import CLOSING_LINE, LARGE_RESIDUAL, SKILL_LOST
from footpred_dagster.core.drift.windows import Windows
from footpred_dagster.core.statistics.reliability import reliability
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from footpred_dagster.core.tracking import plots

SHOWN_FEATURES = 15
COLOURS = ("#0072B2", "#BBBBBB", "#D55E00")

HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Drift</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; }
h2 { margin-top: 2em; } .note { opacity: .75; } .wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.number { white-space: nowrap; }
td, th { border-bottom: 1px solid #8884; padding: .3em .6em; text-align: left; vertical-align: top; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; } svg, img { max-width: 100%; height: auto; }
.flagged { color: #b3401f; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #151515; color: #ddd; } .flagged { color: #f0916f; } }
</style></head><body>
"""
MEASURES: dict[Kind, tuple[str, str]] = {
    "outcome_mix": ("chi-square", "Cramér's V"),
    "feature": ("PSI", "D"),
    "prediction": ("PSI", "D"),
    "calibration": ("z", "off by"),
    "skill": ("t", "gained"),
}
"""What a finding's statistic and effect are."""


def page(
    windows: Windows, findings: Sequence[Finding], alarms: Sequence[Finding], as_of: datetime, *, is_simulated: bool
) -> str:
    """The report of one look; equal findings give equal text."""
    current = windows.current
    simulated = " The matches are simulated." if is_simulated else ""
    outcomes = f"outcomes against {escape(windows.mix_reference.label)}"
    rung = "".join(f'<li class="flagged">{escape(_kind(each))}: {escape(each.says)}</li>' for each in alarms)
    return "\n".join(
        [
            HEAD,
            f"<h1>Drift: {escape(current.label)}</h1>",
            f"<p>{len(current.matches):,} matches before {as_of.astimezone(UTC):%d %B %Y, %H:%M} UTC against "
            f"{escape(windows.reference.label)}; {outcomes}.{simulated}</p>",
            f"<ul>{rung}</ul>" if rung else "<p>Nothing has drifted far enough to say so.</p>",
            *_outcomes(windows, findings),
            *_distributions(findings),
            *_calibration(current, findings),
            *_skill(findings),
            "</body></html>\n",
        ]
    )


def write_page(path: Path, html: str) -> Path:
    """Put a report where people open it: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(html, encoding="utf-8")
    return temporary.replace(path)


def _outcomes(windows: Windows, findings: Sequence[Finding]) -> Iterable[str]:
    yield "<h2>Outcomes</h2>"
    yield f'<p class="note">Chi-square; flagged below p = {ALPHA:.1e}. Leagues inform, after Benjamini-Hochberg.</p>'
    yield _shares([windows.mix_reference, *windows.history, windows.current])
    mix = [each for each in findings if each.kind == "outcome_mix"]
    pooled = sorted((each for each in mix if each.league == ALL), key=lambda each: each.current)
    yield _table([(each.current, each) for each in pooled])
    leagues = sorted((each for each in mix if each.league != ALL), key=_by_p)
    yield f"<details><summary>By league</summary>{_table([(each.league, each) for each in leagues])}</details>"


def _distributions(findings: Sequence[Finding]) -> Iterable[str]:
    yield "<h2>Features and predictions</h2>"
    yield (
        f'<p class="note">PSI: population stability index; D: of Kolmogorov-Smirnov. Flagged from '
        f"{LARGE_PSI} and {LARGE_D} at p &lt; {ALPHA:.1e}; with thousands of matches every difference is "
        "significant.</p>"
    )
    given = [each for each in findings if each.kind == "prediction"]
    features = sorted(
        (each for each in findings if each.kind == "feature"), key=lambda each: (-(each.statistic or 0), each.subject)
    )
    yield _table([(each.subject, each) for each in given])
    yield f"<h3>The {min(SHOWN_FEATURES, len(features))} features that moved most, of {len(features)}</h3>"
    yield _table([(each.subject + " (grows)" * (each.subject in GROWING), each) for each in features[:SHOWN_FEATURES]])


def _calibration(current: Window, findings: Sequence[Finding]) -> Iterable[str]:
    yield "<h2>Calibration</h2>"
    foretold = current.matches.dropna(subset=PROBABILITIES)
    found = [each for each in findings if each.kind == "calibration"]
    if not found:
        yield "<p>Too few matches were foretold.</p>"
        return
    yield f'<p class="note">Off by: share that came less share foretold; flagged from {LARGE_RESIDUAL}.</p>'
    yield _table([(each.subject, each) for each in found if each.league == ALL])
    bins = reliability(foretold[PROBABILITIES].to_numpy(dtype=np.float64), foretold["outcome"].to_numpy(dtype=np.int64))
    png = base64.b64encode(plots.calibration(bins, f"Champion, {current.label}")).decode()
    yield f'<img alt="Reliability: share that happened by claimed probability" src="data:image/png;base64,{png}">'
    leagues = sorted((each for each in found if each.league != ALL), key=_by_p)
    rows = [(f"{each.league} {each.subject}", each) for each in leagues]
    yield f"<details><summary>By league</summary>{_table(rows)}</details>"


def _skill(findings: Sequence[Finding]) -> Iterable[str]:
    yield "<h2>Skill beside the closing line</h2>"
    found = [each for each in findings if each.kind == "skill"]
    if not found:
        yield "<p>Too few forecasts of matches with a closing price, now or before.</p>"
        return
    yield (
        f'<p class="note">Gained: log-loss on the closing line against the reference; flagged from a loss of '
        f"{SKILL_LOST}.</p>"
    )
    total = [each for each in found if each.subject == CLOSING_LINE]
    months = [each for each in found if each.subject != CLOSING_LINE]
    yield _table([(each.subject, each) for each in total if each.league == ALL])
    yield _months(months)
    leagues = sorted((each for each in total if each.league != ALL), key=_by_p)
    yield f"<details><summary>By league</summary>{_table([(each.league, each) for each in leagues])}</details>"


def _shares(windows: Sequence[Window]) -> str:
    """Stacked bars of home, draw and away, one a window that holds any match."""
    shown = [window for window in windows if len(window.matches)]
    lines = []
    for row, window in enumerate(shown):
        y, x = 26 * row, 160.0
        lines.append(f'<text x="0" y="{y + 15}">{escape(window.label)}</text>')
        shares = np.bincount(window.matches["outcome"].to_numpy(dtype=np.int64), minlength=3) / len(window.matches)
        for side, share, colour in zip(SIDES, shares, COLOURS, strict=True):
            width = 540 * float(share)
            lines.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="20" fill="{colour}"/>')
            label = f"{side} {share:.1%}" if share > 0.15 else ""
            fill = "#111" if side == "draw" else "#fff"
            lines.append(f'<text x="{x + 6:.1f}" y="{y + 15}" style="fill:{fill}">{label}</text>')
            x += width
    return _svg(700, 26 * len(shown), "Shares of home wins, draws and away wins", lines)


def _months(months: Sequence[Finding]) -> str:
    """What each month gained or lost on the line, beside the reference: a dot the larger the more was played.

    Months of a few matches would set the scale and are left out.
    """
    shown = [each for each in months if each.effect is not None and each.n_current >= LEAST_MATCHES]
    if not shown:
        return ""
    reach = max(0.02, *(abs(each.effect or 0.0) for each in shown))
    step = 620 / len(shown)

    def height(gained: float) -> float:
        return 100 - 80 * gained / reach

    lines = [
        f'<line x1="60" x2="700" y1="{height(level):.1f}" y2="{height(level):.1f}" stroke="{colour}"{dash}/>'
        f'<text x="0" y="{height(level) + 4:.1f}">{level:+.3f}</text>'
        for level, colour, dash in ((0.0, "#888", ""), (-SKILL_LOST, COLOURS[2], ' stroke-dasharray="4 4"'))
    ]
    most = max(each.n_current for each in shown)
    for place, each in enumerate(shown):
        x, radius = 75 + step * place, 2 + 6 * np.sqrt(each.n_current / most)
        says = escape(f"{each.subject}: {each.says}, {each.n_current} matches")
        lines.append(
            f'<circle cx="{x:.1f}" cy="{height(each.effect or 0.0):.1f}" r="{radius:.1f}" fill="{COLOURS[0]}">'
            f'<title>{says}</title></circle><text x="{x - 14:.1f}" y="198">{escape(each.subject[2:])}</text>'
        )
    return _svg(700, 204, "Log-loss gained on the closing line by month, against the reference", lines)


def _svg(width: int, height: int, title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return (
        f'<div class="wide"><svg role="img" aria-label="{escape(title)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n{body}\n</svg></div>'
    )


def _table(rows: Iterable[tuple[str, Finding]]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    columns = ("", "before to now", "matches", *MEASURES[listed[0][1].kind], "p", "adjusted p")
    lines = ["<tr>" + "".join(f"<th>{escape(column)}</th>" for column in columns) + "</tr>"]
    for name, each in listed:
        numbers = map(_number, (each.statistic, each.effect, each.p, each.p_adjusted))
        cells = "".join(f'<td class="number">{cell}</td>' for cell in (f"{each.n_current:,}", *numbers))
        mark = ' class="flagged"' if each.flagged else ""
        lines.append(f'<tr{mark}><td class="number">{escape(name)}</td><td>{escape(each.says)}</td>{cells}</tr>')
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _kind(finding: Finding) -> str:
    return f"{finding.kind.replace('_', ' ')}, {finding.subject}"


def _by_p(finding: Finding) -> tuple[float, str, str]:
    return (2.0 if finding.p is None else finding.p, finding.league, finding.subject)
