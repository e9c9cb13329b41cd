"""What does the market know that the model does not, and what would betting have cost?"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html
from dashboards.charts import scores
from dashboards.components.cards import chart_card
from dashboards.components.filters import select
from dashboards.components.sources import leagues_named, source_of
from dashboards.data import market, record
from dashboards.data.models import champion
from dashboards.reader import Reader, Row
from dashboards.view import Page, Part, View
from footpred_dagster.core.models.titles import title_of

LINES = ("market_opening", "market_closing", "market_aware")


def controls(view: View) -> list[Viewable]:
    source, offered = source_of(view.reader, view.query)
    return [select(view, "evidence", "Evidence", {n: record.SOURCES[n] for n in offered}, offered[0])] if source else []


def content(view: View) -> list[Part]:
    source, _ = source_of(view.reader, view.query)
    title, lead = "Market", "Bookmakers' odds are the best public forecast there is. How far behind it are we?"
    if source is None:
        return [html.head(title, lead), html.empty("Nothing to compare yet", "It needs scored predictions and odds.")]
    rows = record.record(view.reader, source)
    export = html.csv_link("market", {"evidence": source})
    return [
        html.head(title, lead, export),
        summary(rows, source),
        by_league(view.reader, source),
        roi(view.reader),
        html.cards(seasons(rows), roi_table(view.reader)),
    ]


def gaps(rows: list[Row], name: str, line: str = "market_closing") -> list[Row]:
    """Champion's log-loss less the line's, by value of a slice."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["slice"] == name:
            found.setdefault(row["value"], {})[row["model"]] = row
    return [
        {
            "value": value,
            "gap": models["champion"]["log_loss"] - models[line]["log_loss"],
            "champion": models["champion"]["log_loss"],
            "line": models[line]["log_loss"],
            "n": models["champion"]["n"],
        }
        for value, models in sorted(found.items())
        if "champion" in models and line in models
    ]


def summary(rows: list[Row], source: str) -> Markup:
    whole = {row["model"]: row for row in rows if row["slice"] == "all" and row["value"] != "top5"}
    ours = whole.get("champion")
    if ours is None:
        return html.card("How far behind the market?", html.empty("The champion has no score here"))
    shown = [("Champion", html.number(ours["log_loss"], 4), f"{html.number(ours['n'])} matches, without any odds")]
    for model in (name for name in LINES if name in whole):
        behind = ours["log_loss"] - whole[model]["log_loss"]
        remark = f"the champion is {html.number(abs(behind), 4)} {'behind' if behind > 0 else 'ahead'}"
        shown.append((title_of(model), html.number(whole[model]["log_loss"], 4), remark))
    if {"base_rate", "market_closing"} <= whole.keys():
        base, close = whole["base_rate"]["log_loss"], whole["market_closing"]["log_loss"]
        if base > close:
            share = (base - ours["log_loss"]) / (base - close)
            shown.append(
                ("Of the market's knowledge", html.percent(share), "of the way from base rates to the closing line")
            )
    return html.card("How far behind the market?", html.facts(shown), note=f"Log-loss. {record.SOURCES[source]}")


def by_league(reader: Reader, source: str) -> Part:
    title, names = "Where does the market know most?", leagues_named(reader)
    drawn = [
        scores.Dot(
            names.get(row["value"]) or row["value"],
            row["gap"],
            row["low"],
            row["high"],
            row["n"],
            row["low"] is not None and row["low"] <= 0,
        )
        for row in sorted(record.gaps_by_league(reader, source), key=lambda row: row["gap"])
    ]
    if not drawn:
        return html.card(title, html.empty("Not computed yet", "It needs scored predictions and closing odds."))
    said = f"Smallest gap: {drawn[0].label} {drawn[0].value:+.4f}; largest: {drawn[-1].label} {drawn[-1].value:+.4f}."
    note = f"{said} 95 % intervals by match week, from six weeks up; blue where the interval reaches the line."
    return chart_card(title, scores.dots(drawn, "log-loss behind the closing line", 0.0), said, note)


def seasons(rows: list[Row]) -> Markup:
    found = gaps(rows, "season")
    if not found:
        return html.card("Is the gap closing?", html.empty("Not computed yet"))
    columns = [
        html.Column("Season", lambda row: row["value"]),
        html.numeric("Matches", "n"),
        html.numeric("Champion", "champion", 4),
        html.numeric("Closing line", "line", 4),
        html.Column("Gap", lambda row: html.number(row["gap"], 4, sign=True), "n"),
    ]
    return html.card("Is the gap closing?", html.table(columns, found, "Log-loss by season"))


def roi(reader: Reader) -> Part:
    """Returns on stakes by the edge claimed, at opening and closing odds: the bigger the claim, the bigger the loss."""
    title = "What would betting have cost?"
    crowned = champion(reader)
    rows = [row for row in market.returns(reader) if crowned and row["model"] == crowned["name"] and row["bets"]]
    if not rows:
        why = "What betting on claimed edges would have returned appears here once computed. Expect a loss."
        return html.card(title, html.empty("Not computed yet", why))
    drawn = [
        scores.Dot(
            f"{row['line']} odds, edge > {html.percent(row['edge'])}",
            row["roi"],
            row["roi_low"],
            row["roi_high"],
            row["bets"],
        )
        for row in rows
    ]
    said = "; ".join(f"{dot.label}: {html.percent(dot.value, 1)} on {html.number(dot.n)} bets" for dot in drawn)
    note = (
        "Return on stakes of one unit, one bet a match on the greatest claimed edge above the bar, at average odds, on "
        "the final test; 95 % intervals by match week. Left of the line money is lost. Past bets, no advice."
    )
    return chart_card(title, scores.dots(drawn, "return on stakes", 0.0, "0%"), said, note)


def roi_table(reader: Reader) -> Markup:
    title, crowned = "What was staked and lost?", champion(reader)
    rows = [row for row in market.returns(reader) if row["bets"]]
    if not rows:
        return html.card(title, html.empty("Not computed yet"))
    columns = [
        html.Column("Odds", lambda row: row["line"]),
        html.Column("Edge", lambda row: f"> {html.percent(row['edge'])}", "n"),
        html.numeric("Bets", "bets"),
        html.Column("Profit", lambda row: html.number(row["profit"], 1, sign=True), "n", "units of one stake"),
        html.Column("Return", lambda row: html.percent(row["roi"], 1), "n"),
        html.numeric("Drawdown", "max_drawdown", 1, "n wide", "units from the highest point to the lowest after it"),
    ]
    ours = [row for row in rows if crowned and row["model"] == crowned["name"]]
    others = [row for row in rows if row not in ours]
    rest = Markup("<details><summary>The other models</summary>{}</details>").format(
        html.table(columns, others, "Units of one stake", group=lambda row: title_of(row["model"]))
    )
    return html.card(title, html.table(columns, ours, "The champion, in units of one stake"), rest if others else "")


def export(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    """Scores only: odds themselves are not licensed onwards."""
    source, _ = source_of(reader, query)
    rows = record.record(reader, source) if source else []
    return [
        {"evidence": source, "slice": name} | gap for name in ("all", "league", "season") for gap in gaps(rows, name)
    ]


PAGE = Page("market", "Market", content, controls, export)
