"""How results look on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 140
SHOWN_DIGITS = 12
"""Hex digits of a sha256 that people are shown; programs get all."""
SHOWN_SEASONS = 5


def console() -> Console:
    """Tables keep their width when the output is a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def safe(text: str | None) -> str:
    """Text from a file or a user must not speak to the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text or "")


def plain(*cells: object) -> list[Text]:
    """Cells of a table as they are: brackets in them are no markup."""
    return [Text(safe(str(cell))) for cell in cells]


def print_run(summary: dict[str, Any], outcome: Any) -> None:
    out = console()
    if summary["simulated"]:
        out.print("[yellow]simulated football: clubs, results and prices are made up[/]")
    out.print(
        f"[bold]{summary['matches']:,}[/] matches from {summary['files']} files, "
        f"[bold]{summary['fixtures']}[/] fixtures ahead"
    )
    if predictions := summary["predictions"]:
        out.print(
            f"fixtures listed {predictions['listed']}: {predictions['past']} refused as past, "
            f"{predictions['predicted']} predicted, {predictions['unready']} not ready; "
            f"{predictions['sealed']} newly sealed"
        )
    if summary["quarantined"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary["quarantined"].items())
        out.print(f"quarantined: {reasons} (footpred quarantine lists each)")
    for held in summary["held_seasons"]:
        what = f"{held['league']} {held['season']} by check {held['check']}: {escape(held['why'])}"
        out.print(f"[yellow]held back[/] {what}", highlight=False)
    for name in summary["pending"]:
        waiting = f"{name['matches']} matches and {name['fixtures']} fixtures wait"
        where = f"{name['country']} {name['season']}"
        out.print(
            f"[yellow]pending[/] {escape(name['name'])} ({where}): {waiting}, {escape(name['why'])}", highlight=False
        )
        out.print(f"        {escape(name['command'])}   or --new", highlight=False, soft_wrap=True)
    checks = summary["checks"]
    out.print(f"checks: {checks['passed']} passed, {checks['failed']} failed")
    champion = summary["champion"]
    out.print(f"champion: {champion['name']} version {champion['version']}" if champion else "champion: none")
    for name, failed in summary["without_champion"].items():
        out.print(f"        {name}: {escape('; '.join(failed))}", highlight=False)
    if summary["evaluation"]:
        out.print(_evaluation_table(summary["evaluation"]))
    layers = ", ".join(f"{layer['name']} {layer['seconds']:.1f} s" for layer in summary["layers"])
    idle = "stopped before anything was built" if outcome.errors else "nothing was stale"
    out.print(f"{layers or idle}; {summary['seconds']:.1f} s in all")
    _print_not_loaded(out, summary)
    for warning in outcome.warnings:
        out.print(f"[yellow]warning[/] {warning}", markup=True, highlight=False)
    for error in outcome.errors:
        out.print(f"[red]error[/] {error}", markup=True, highlight=False)


def _print_not_loaded(out: Console, summary: dict[str, Any]) -> None:
    """A line for each refused file: which, why, and the way out."""
    if seasons := summary["not_published"]:
        shown = ", ".join(seasons[:SHOWN_SEASONS]) + (", ..." if len(seasons) > SHOWN_SEASONS else "")
        out.print(f"not published yet: {len(seasons)} ({shown})", highlight=False)
    if summary["refused"]:
        out.print(f"[yellow]refused files[/] {len(summary['refused'])}; rows loaded before stay", highlight=False)
    for file in summary["refused"]:
        out.print(Text(f"  {file['path']} ({file['partition']}): {file['reason']}: {file['detail']}"))


def print_evaluation(found: dict[str, list[dict[str, Any]]], *, detail: bool) -> None:
    out = console()
    out.print(_evaluation_table(found["rows"]))
    if not detail:
        return
    paired = Table("model", "better than", "by", "± s.e.", "95 % interval", "n", box=None)
    for row in sorted(found["paired"], key=lambda row: -abs(row["difference"])):
        names = (row["model"], row["against"]) if row["difference"] > 0 else (row["against"], row["model"])
        paired.add_row(*names, f"{abs(row['difference']):.4f}", _number(row["se"]), _interval(row), f"{row['n']:,}")
    out.print("\nlog-loss on the same matches, by match week")
    out.print(paired)
    sliced = Table("matches", "", "model", "n", "log-loss", "± s.e.", "RPS", "ECE", box=None)
    for row in found["slices"]:
        scores = map(_number, (row["log_loss"], row["se"], row["rps"], row["ece"]))
        sliced.add_row(row["slice"], row["value"], row["model"], f"{row['n']:,}", *scores)
    out.print("\nby kind of match")
    out.print(sliced)


def _interval(row: dict[str, Any]) -> str:
    """By how much the better one is better; empty where there are too few weeks for an interval."""
    if row["low"] is None:
        return ""
    low, high = sorted(abs(row[end]) if row["low"] * row["high"] > 0 else row[end] for end in ("low", "high"))
    return f"{low:.4f} to {high:.4f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _evaluation_table(rows: list[dict[str, Any]]) -> Table:
    table = Table("league", "seasons", "model", "n", "log-loss", "± s.e.", "RPS", "Brier", "ECE", "accuracy", box=None)
    for row in rows:
        table.add_row(
            *(row["league"], row["seasons"], row["model"], f"{row['n']:,}"),
            *map(_number, (row["log_loss"], row["se"], row["rps"], row["brier"], row["ece"])),
            f"{row['accuracy']:.1%}",
        )
    return table


def print_status(state: dict[str, Any]) -> None:
    out = console()
    if state["simulated"]:
        out.print("[yellow]simulated football: clubs, results and prices are made up[/]")
    if state["database"] == "absent":
        out.print("no data yet: footpred demo or footpred run makes it")
        return
    table = Table("asset", "state", "last materialized", box=None)
    for asset in state["assets"]:
        table.add_row(
            asset["key"], asset["state"] + (f": {asset['reason']}" if asset["reason"] else ""), asset["at"] or ""
        )
    out.print(table)
    champion, hand = state["champion"], state["by_hand"]
    why = f", {hand['decision']} by {hand['by']}: {hand['because']}" if hand else ""
    whole = f"champion: {champion['name']} version {champion['version']}{why}" if champion else "champion: none"
    out.print(escape(safe(whole)), highlight=False)
    age = state["data_age"]
    out.print(f"newest match {age['newest_match'] or 'none'}, source last asked {age['newest_fetch'] or 'never'}")
    for check in state["failing_checks"]:
        out.print(f"[red]failing[/] {check}", highlight=False)
    services = ", ".join(
        f"{name} {service['state']}" + (f" {service['url']}" if service["url"] else "")
        for name, service in state["services"].items()
    )
    out.print(f"services: {services}", highlight=False)


def print_doctor(found: dict[str, Any]) -> None:
    out = console()
    out.print(f"home      {found['home']}", highlight=False)
    url = "" if found["database_url"] is None else "; footpred doctor --json prints its URL, password included"
    out.print(f"database  {found['database']}{url}", highlight=False)
    out.print(f"source    {found['source'] or 'none yet'}", highlight=False)
    out.print(f"archive   {found['archive']}", highlight=False)
    out.print(
        "versions  " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()), highlight=False
    )
    for problem in found["problems"]:
        out.print(f"[red]problem[/]   {problem}", highlight=False)
    for warning in found["warnings"]:
        out.print(f"[yellow]warning[/]   {warning}", highlight=False)
    if not found["problems"]:
        out.print("no problems found")
