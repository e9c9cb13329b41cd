"""How good are the predictions, and are the probabilities honest?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html
from dashboards.charts import scores
from dashboards.components.cards import chart_card
from dashboards.components.filters import select
from dashboards.components.sources import GROUPS, leagues_named, source_of
from dashboards.data import models, record
from dashboards.data.models import span
from dashboards.reader import Reader, Row
from dashboards.view import Page, Part, View
from footpred_dagster.core.models.titles import title_of

SLICES = {
    "season": "By season",
    "month": "By month",
    "lead": "By time before kickoff",
    "phase": "By phase of the season",
    "elo_gap": "By Elo gap",
    "moved": "By clubs promoted or relegated",
}
ORDER = ("under 50", "50 to 150", "over 150", "first three", "between", "last five", "promoted", "relegated", "neither")


def controls(view: View) -> list[Viewable]:
    source, offered = source_of(view.reader, view.query)
    if source is None:
        return []
    options = {name: record.SOURCES[name] for name in offered}
    found = [select(view, "evidence", "Evidence", options, offered[0])]
    if source not in ("live", "replay"):
        found.append(select(view, "group", "Leagues", GROUPS, "all"))
    return found


def content(view: View) -> list[Part]:
    source, _ = source_of(view.reader, view.query)
    if source is None:
        why = "Scores appear once a model has been evaluated, or sealed matches have been played."
        return [html.head("Track record", "How good the predictions are."), html.empty("Nothing scored yet", why)]
    rows = record.record(view.reader, source)
    group = view.choice("group", GROUPS, "all")
    whole = [row for row in rows if row["slice"] == "all" and (row["value"] == group or source in ("live", "replay"))]
    export = html.csv_link("track-record", {"evidence": source})
    parts: list[Part] = [html.head("Track record", lead(view.reader, source), export)]
    if not any(row["kind"] == "live" for row in models.track_record(view.reader)):
        why = "Until matches with sealed predictions are played, backtests stand in for them."
        parts.append(html.empty("No sealed prediction has been scored yet", why))
    parts += [scoreboard(whole), comparison(whole), honesty(view.reader, source)]
    parts.append(sliced(rows, "league", "By league", leagues_named(view.reader)))
    cards = [sliced(rows, name, title, {}) for name, title in SLICES.items() if any(r["slice"] == name for r in rows)]
    return [*parts, html.cards(*cards)]


def lead(reader: Reader, source: str) -> str:
    if source == "live":
        return "The last prediction sealed before each kickoff, scored by what happened."
    if source == "replay":
        return "Replays: what would have been sealed on the day, computed afterwards."
    seasons = record.seasons_of(reader, source)
    when = f" of {span(seasons)}" if seasons else ""
    return f"Out-of-season predictions{when}: every season by a fit on earlier seasons only."


def scoreboard(whole: Sequence[Row]) -> Markup:
    rows = sorted(whole, key=lambda row: row["log_loss"])
    columns = [
        html.Column("Model", lambda row: title_of(row["model"])),
        html.numeric("Matches", "n", kind="n wide"),
        html.numeric("Log-loss", "log_loss", 4),
        html.numeric("RPS", "rps", 4),
        html.numeric("Brier", "brier", 4, "n wide"),
        html.Column("ECE", lambda row: html.number(row.get("ece"), 4), "n wide", "expected calibration error"),
        html.Column("Right", lambda row: html.percent(row["accuracy"], 1), "n", "likeliest outcome came true"),
    ]
    caption = "Lower is better, but for Right. The lines are bookmakers' average odds without their margin."
    listed = html.table(columns, rows, caption, mark=lambda row: "us" if row["model"] == "champion" else "")
    return html.card("How do the models score?", listed)


def comparison(whole: Sequence[Row]) -> Part:
    rows = sorted(whole, key=lambda row: row["log_loss"])
    drawn = [
        scores.Dot(
            title_of(row["model"]), row["log_loss"], row["low"], row["high"], row["n"], row["model"] == "champion"
        )
        for row in rows
    ]
    said = "; ".join(f"{dot.label} {dot.value:.4f}" for dot in drawn)
    note = (
        "Log-loss with 95 % intervals by match week, from six weeks up. On the same matches differences are surer than "
        "these intervals look."
    )
    return chart_card(
        "Between guessing and the market, where do they stand?", scores.dots(drawn, "log-loss"), said, note
    )


def honesty(reader: Reader, source: str) -> Part:
    bins = record.reliability(reader, source)
    if not bins:
        return html.card("Are the probabilities honest?", html.empty("Not computed yet"))
    claims = [scores.Claims(row["predicted"], row["observed"], row["low"], row["high"], row["n"]) for row in bins]
    inside = sum(claim.low <= claim.claimed <= claim.high for claim in claims)
    said = f"In {inside} of {len(claims)} bins the claim lies within the 95 % interval of what came true."
    note = f"{said} All outcomes pooled in ten bins; on the dashed line a claim is honest."
    return chart_card("Are the probabilities honest?", scores.reliability(claims), said, note)


def sliced(rows: Sequence[Row], name: str, title: str, names: Mapping[str, str]) -> Markup:
    """Champion beside benchmarks, one line per value of a slice."""
    values: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["slice"] == name:
            values.setdefault(row["value"], {})[row["model"]] = row

    def loss(model: str) -> html.Column:
        label = {
            "champion": "Champion",
            "elo_logit": "Elo",
            "elo": "Elo",
            "base_rate": "Base",
            "market_closing": "Close",
        }
        return html.Column(
            label[model],
            lambda item: html.number(item[1][model]["log_loss"], 3) if model in item[1] else html.DASH,
            "n",
        )

    listed = sorted(
        (item for item in values.items() if "champion" in item[1]),
        key=lambda item: (ORDER.index(item[0]) if item[0] in ORDER else 0, names.get(item[0], item[0])),
    )
    if not listed:
        return html.card(title, html.empty("Nothing scored yet"))
    elo = "elo" if any("elo" in item[1] for item in listed) else "elo_logit"
    columns = [
        html.Column("", lambda item: names.get(item[0], item[0].replace("_", " "))),
        html.Column("Matches", lambda item: html.number(item[1]["champion"]["n"]), "n wide"),
        *(loss(model) for model in ("champion", elo, "base_rate", "market_closing")),
    ]
    return html.card(title, html.table(columns, listed, f"{title}: log-loss, of the closing line where odds are known"))


def export(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    source, _ = source_of(reader, query)
    names = ("model", "slice", "value", "n", "log_loss", "se", "rps", "brier", "accuracy")
    rows = record.record(reader, source) if source else []
    return [{"evidence": source} | {name: row[name] for name in names} for row in rows]


PAGE = Page("track-record", "Track record", content, controls, export)
