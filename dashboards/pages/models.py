"""Which model predicts, why that one, and what was tried?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from dashboards import html
from dashboards.charts import scores
from dashboards.components.cards import chart_card
from dashboards.components.services import services
from dashboards.data import models
from dashboards.links import Links
from dashboards.reader import Reader, Row
from dashboards.view import Page, Part, View
from footpred_dagster.core.models.titles import title_of


def content(view: View) -> list[Part]:
    crowned, candidates = models.champion(view.reader), models.candidates(view.reader)
    buttons = [*services(view.links), html.csv_link("models", {})]
    parts: list[Part] = [
        html.head("Models", "Which model predicts, what it had to beat, and what was decided when.", *buttons)
    ]
    if not candidates:
        return [*parts, html.empty("No model yet", "Candidates appear here once the models have been trained.")]
    parts.append(reigning(view, crowned))
    if crowned and crowned["name"]:
        parts.append(beaten(view.reader, crowned["name"]))
    if crowned:
        parts.append(gates(crowned["reasons"]))
    parts.append(html.cards(fitted(candidates, view.links), decisions(models.promotions(view.reader))))
    parts.append(html.cards(by_hand(models.interventions(view.reader)), looked(models.looks(view.reader))))
    return parts


def reigning(view: View, crowned: Row | None) -> Markup:
    if crowned is None or crowned["name"] is None:
        return html.card("Who is champion?", html.empty("Nobody", "No candidate has passed the gates yet."))
    final = [
        r
        for r in models.evaluation(view.reader)
        if (r["span"], r["league"], r["model"]) == ("final", "all", crowned["name"])
    ]
    score = html.number(final[0]["log_loss"], 4) if final else html.DASH
    pairs = [
        ("Champion", f"{title_of(crowned['name'])} {crowned['version']}", crowned["decision"]),
        ("In force since", html.day(crowned["decided_at"]), crowned["because"]),
        ("Log-loss, final test", score, f"{html.number(final[0]['n'])} matches" if final else "not evaluated"),
        ("Fitted on", html.number(crowned["training_rows"]), f"matches, profile {crowned['profile']}"),
        ("Contract", (crowned["fingerprint"] or html.DASH)[:12], "fingerprint of its features"),
        ("Artifact", (crowned["artifact_sha256"] or html.DASH)[:12], "sha256, verified before it is loaded"),
    ]
    return html.card("Who is champion?", html.facts(pairs))


def beaten(reader: Reader, ours: str) -> Part:
    title = "Whom does it beat?"
    rows = models.against(reader, ours)
    if not rows:
        return html.card(title, html.empty("Not compared yet"))
    drawn = [
        scores.Dot(
            title_of(row["against"]), row["difference"], row["low"], row["high"], row["n"], (row["low"] or 0) > 0
        )
        for row in rows
        if row["against"] != "base_rate"
    ]
    said = "; ".join(f"{dot.label} {dot.value:+.4f}" for dot in drawn)
    base = next((row["difference"] for row in rows if row["against"] == "base_rate"), None)
    note = (
        "Log-loss saved against each on the same matches of the selection seasons, 95 % intervals by match weeks; "
        f"right of the line it is better. Base rates, off the scale: {html.number(base, 4, sign=True)}."
    )
    return chart_card(title, scores.dots(drawn, "log-loss saved", 0.0), said, note)


def gates(reasons: Mapping[str, Sequence[Mapping[str, object]]]) -> Markup:
    """Every candidate against every gate of the decision in force."""
    if not reasons:
        return html.card("Which gates did they pass?", html.empty("No verdicts on record"))

    def verdicts(item: tuple[str, Sequence[Mapping[str, object]]]) -> Markup:
        return html.join(
            Markup('<div class="{}"><strong>{}</strong> <span class="muted">{}</span></div>').format(
                "pass" if said["passed"] else "fail", said["gate"], said["says"]
            )
            for said in item[1]
        )

    def passed(item: tuple[str, Sequence[Mapping[str, object]]]) -> str:
        return f"{sum(bool(said['passed']) for said in item[1])} of {len(item[1])}"

    listed = sorted(reasons.items(), key=lambda item: (not all(said["passed"] for said in item[1]), item[0]))
    boxes = html.join(
        Markup("<details><summary><strong>{}</strong> <span class='{}'>{} gates</span></summary>{}</details>").format(
            title_of(item[0]),
            "pass" if all(said["passed"] for said in item[1]) else "fail",
            passed(item),
            verdicts(item),
        )
        for item in listed
    )
    return html.card(
        "Which gates did they pass?", boxes, note="The newest decision; open a candidate for every verdict"
    )


def fitted(rows: Sequence[Row], links: Links) -> Markup:
    def run(row: Row) -> object:
        if not (links.mlflow and row["mlflow_run_id"]):
            return (row["mlflow_run_id"] or html.DASH)[:8]
        return Markup('<a href="{}/#/runs/{}" target="_blank" rel="noopener">{}</a>').format(
            links.mlflow, row["mlflow_run_id"], row["mlflow_run_id"][:8]
        )

    columns = [
        html.Column("Candidate", lambda row: title_of(row["name"])),
        html.numeric("Version", "version"),
        html.Column("Trained", lambda row: html.day(row["trained_at"])),
        html.numeric("Matches", "training_rows", kind="n wide"),
        html.Column("MLflow run", run, "wide"),
    ]
    return html.card("What was trained?", html.table(columns, rows, "The fit each recipe stands for now"))


def decisions(rows: Sequence[Row]) -> Markup:
    if not rows:
        return html.card("What was decided?", html.empty("No decision yet"))
    columns = [
        html.Column("When", lambda row: html.instant(row["decided_at"])),
        html.Column(
            "Decision", lambda row: f"{title_of(row['name'] or 'nobody')} {row['version'] or ''}: {row['decision']}"
        ),
        html.Column("Because", lambda row: f"{row['because']} ({row['actor']})", "wide"),
    ]
    return html.card("What was decided?", html.table(columns, rows, "Newest first; never rewritten"))


def by_hand(rows: Sequence[Row]) -> Markup:
    if not rows:
        return html.card("What did people decide?", html.empty("Nothing", "No pin and no veto is on record."))
    columns = [
        html.Column("When", lambda row: html.instant(row["decided_at"])),
        html.Column("What", lambda row: f"{row['kind']} {title_of(row['name'] or '')} {row['version'] or ''}"),
        html.Column("Who and why", lambda row: f"{row['actor']}: {row['because']}"),
    ]
    return html.card("What did people decide?", html.table(columns, rows, "Newest first; never rewritten"))


def looked(row: Row) -> Markup:
    pairs = [("Looks", html.number(row["n"]), f"newest {html.instant(row['newest'])}" if row["newest"] else "never")]
    note = (
        "Selection never reads the final test; whoever scores models on it is counted, as each look makes it worth less"
    )
    return html.card("How often was the final test looked at?", html.facts(pairs), note=note)


def export(reader: Reader, _: Mapping[str, str]) -> list[Row]:
    names = ("model", "span", "league", "seasons", "n", "log_loss", "rps", "brier", "ece", "accuracy", "se")
    return [{name: row[name] for name in names} for row in models.evaluation(reader)]


PAGE = Page("models", "Models", content, export=export)
