"""Is the data fresh, and is it whole?"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from dashboards import html
from dashboards.components.services import services
from dashboards.data import health
from dashboards.reader import Reader, Row
from dashboards.view import Page, Part, View


def content(view: View) -> list[Part]:
    reader = view.reader
    buttons = [*services(view.links), html.csv_link("data-health", {}, "Quarantine as CSV")]
    return [
        html.head("Data health", "How fresh the data is, what was refused, and how far the ledger goes.", *buttons),
        summary(view, health.freshness(reader), health.ledger_head(reader)),
        html.cards(assets(view), checks(view)),
        drift(reader),
        html.cards(quarantine(reader), fetches(view)),
        pending_clubs(reader),
        refusals(reader),
        leagues(view),
    ]


def summary(view: View, state: Row, head: Row | None) -> Markup:
    to_come = f"next {html.instant(state['next_kickoff'])}" if state["next_kickoff"] else "none on file"
    pairs = [
        ("Newest result", html.day(state["newest_result"]), f"{html.number(state['matches'])} matches on record"),
        ("Fixtures", html.number(state["fixtures"]), to_come),
        ("Files asked for", html.ago(state["fetched_at"], view.now), html.instant(state["fetched_at"])),
        ("Rows loaded", html.ago(state["loaded_at"], view.now), html.instant(state["loaded_at"])),
        ("Predictions sealed", html.ago(state["sealed_at"], view.now), f"{html.number(state['served'])} served"),
        ("Ledger", html.number(head["seq"] if head else 0), f"rows, head {head['hash'][:12]}" if head else "empty"),
    ]
    return html.card("How fresh is it?", html.facts(pairs))


def assets(view: View) -> Markup:
    rows = health.assets(view.reader)
    title = "Is anything late?"
    if not rows:
        return html.card(title, html.empty("Not computed yet", "The next run writes down how every asset stands."))
    columns = [
        html.Column("Asset", lambda row: row["asset"]),
        html.Column("State", lambda row: row["state"]),
        html.Column("Why", lambda row: row["reason"] or "", "wide"),
        html.Column("Built", lambda row: html.ago(row["materialized_at"], view.now), "n"),
    ]
    wrong = [row for row in rows if row["state"] != "fresh"]
    told = f"{len(rows) - len(wrong)} of {len(rows)} fresh, as told {html.ago(rows[0]['told_at'], view.now)}"
    listed = (
        html.table(columns, wrong, "What is not fresh, worst first")
        if wrong
        else html.empty("Nothing is late, stale, failing or missing")
    )
    every = Markup("<details><summary>Every asset</summary>{}</details>").format(
        html.table(columns, rows, "Every asset, what is wrong first")
    )
    return html.card(title, listed, every, note=told)


def checks(view: View) -> Markup:
    rows = health.checks(view.reader)
    title = "Did the checks pass?"
    if not rows:
        return html.card(title, html.empty("Not computed yet", "The next run writes down what every check found."))
    columns = [
        html.Column("Check", lambda row: Markup("{}<br><small>{}</small>").format(row["name"], row["asset"])),
        html.Column("", lambda row: "blocks" if row["severity"] == "ERROR" else "warns"),
        html.Column("Evaluated", lambda row: html.ago(row["evaluated_at"], view.now), "n"),
    ]
    failed = [row for row in rows if not row["passed"]]
    listed = (
        html.table(columns, failed, "Checks that failed")
        if failed
        else html.empty("Every check passed when it was last run")
    )
    link = Markup("")
    if view.links.dagster:
        link = Markup(
            '<p><a href="{}/assets" target="_blank" rel="noopener">Every check, with its history ↗</a></p>'
        ).format(view.links.dagster)
    return html.card(title, listed, link, note=f"{len(rows) - len(failed)} of {len(rows)} passed")


def drift(reader: Reader) -> Markup:
    rows = health.drift(reader)
    title = "Has the game changed?"
    if not rows:
        return html.card(title, html.empty("Not computed yet", "The next run compares the season with earlier ones."))
    alarms = [row["says"] for row in rows if row["flagged"] and row["league"] == "all"]
    note = f"{rows[0]['current']}: {'; '.join(alarms) or 'nothing beyond chance that is large enough to matter'}"
    columns = [
        html.Column("What", lambda row: f"{row['kind'].replace('_', ' ')}: {row['subject'].replace('_', ' ')}"),
        html.Column("League", lambda row: row["league"], "wide"),
        html.Column("Against", lambda row: row["reference"], "wide"),
        html.numeric("Matches", "n_current", kind="n wide"),
        html.Column("Adjusted p", lambda row: html.number(row["p_adjusted"], 4), "n"),
        html.Column("", lambda row: "drifted" if row["flagged"] else ""),
    ]
    listed = Markup("<details><summary>Every measure</summary>{}</details>").format(html.table(columns, rows, note))
    return html.card(title, listed, note=note)


def quarantine(reader: Reader) -> Markup:
    rows = health.quarantine_reasons(reader)
    title = "What would the parser not believe?"
    if not rows:
        return html.card(title, html.empty("Nothing is in quarantine"))
    columns = [
        html.Column("Reason", lambda row: row["reason"].replace("_", " ")),
        html.numeric("Rows dropped", "rows_dropped"),
        html.numeric("Values emptied", "values_emptied"),
        html.numeric("Files", "partitions", kind="n wide"),
    ]
    lines = [
        html.Column("File", lambda row: Markup("{} <small>line {}</small>").format(row["path"], row["line"])),
        html.Column("Reason", lambda row: row["reason"].replace("_", " ")),
        html.Column("Value", lambda row: f"{row['column'] or ''} {row['value'] or ''}"),
    ]
    listed = Markup("<details><summary>Lines, newest season first</summary>{}</details>").format(
        html.table(lines, health.quarantine(reader), "At most 200 lines; the CSV has all")
    )
    return html.card(title, html.table(columns, rows, "Whole rows, or single values of a match that was kept"), listed)


def fetches(view: View) -> Markup:
    rows = health.fetches(view.reader)
    title = "What did the sources answer?"
    if not rows:
        return html.card(title, html.empty("Nothing has been fetched yet"))
    columns = [
        html.numeric("Status", "status"),
        html.numeric("Requests", "n"),
        html.Column("Newest", lambda row: html.ago(row["newest"], view.now)),
        html.Column("Mean", lambda row: f"{html.number(1000 * row['seconds'])} ms", "n wide"),
    ]
    return html.card(title, html.table(columns, rows, "HTTP status of every request on record"))


def pending_clubs(reader: Reader) -> Markup:
    rows = health.pending_clubs(reader)
    title = "Which names of clubs wait for a decision?"
    if not rows:
        return html.card(title, html.empty("None", "Every name means a club."))
    columns = [
        html.Column("Name", lambda row: Markup("{}<br><small>{}</small>").format(row["name"], row["why"])),
        html.Column("Where", lambda row: f"{', '.join(row['leagues'])} {row['season']}"),
        html.Column("Waiting", lambda row: f"{row['matches']} matches, {row['fixtures']} fixtures", "wide"),
        html.Column(
            "Nearest", lambda row: ", ".join(f"{name} ({team_id})" for name, team_id in row["nearest"]), "wide"
        ),
        html.Column("To decide", lambda row: Markup("<code>{}</code> or --new").format(row["command"])),
    ]
    note = "Their matches alone wait; the next run applies a decision."
    return html.card(title, html.table(columns, rows, note), note=note)


def refusals(reader: Reader) -> Markup:
    rows = health.refusals(reader)
    title = "Which files were refused?"
    if not rows:
        return html.card(title, html.empty("None", "Every newest file was accepted."))
    columns = [
        html.Column("Partition", lambda row: row["partition_key"]),
        html.Column("Reason", lambda row: row["reason"].replace("_", " ")),
        html.Column("Detail", lambda row: row["detail"], "wide"),
        html.Column("When", lambda row: html.instant(row["refused_at"])),
    ]
    return html.card(
        title,
        html.table(
            columns, rows, "Refused whole: what was loaded before stays; held back: it waits until the check passes"
        ),
    )


def leagues(view: View) -> Markup:
    rows = health.by_league(view.reader)
    if not rows:
        return html.card("How fresh is each league?", html.empty("No league yet"))
    columns = [
        html.Column(
            "League", lambda row: html.link("league", f"{row['country']} · {row['name']}", league=row["league"])
        ),
        html.Column("Newest result", lambda row: html.day(row["newest_result"]), "n"),
        html.Column("Loaded", lambda row: html.ago(row["loaded_at"], view.now), "n wide"),
        html.Column("Seasons", lambda row: f"{row['first_season']} to {row['latest_season']}", "wide"),
        html.numeric("Matches", "matches"),
        html.numeric("Quarantined", "quarantined", kind="n wide"),
    ]
    return html.card("How fresh is each league?", html.table(columns, rows, "Leagues with matches"))


def export(reader: Reader, _: Mapping[str, str]) -> list[Row]:
    return health.quarantine(reader, 100_000)


PAGE = Page("data-health", "Data health", content, export=export)
