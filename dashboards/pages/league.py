"""Who leads, how did it come to that, and how will it end?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html
from dashboards.charts import lines
from dashboards.components.cards import chart_card
from dashboards.components.filters import league_select, select
from dashboards.data import market, teams
from dashboards.reader import Reader, Row
from dashboards.theme import SERIES
from dashboards.view import Page, Part, View

IN_COLOUR = 6


def which(reader: Reader, query: Mapping[str, str]) -> tuple[Row | None, list[str], str | None]:
    """The league asked for (else the first division with most matches), its seasons, and the season asked for."""
    known = teams.leagues(reader)
    asked = {row["league"]: row for row in known}
    league = asked.get(query.get("league", "")) or asked.get(teams.home_league(reader) or "")
    if league is None:
        return None, [], None
    seasons = teams.seasons(reader, league["league"])
    season = query.get("season")
    return league, seasons, season if season in seasons else seasons[0] if seasons else None


def controls(view: View) -> list[Viewable]:
    league, seasons, _ = which(view.reader, view.query)
    if league is None:
        return []
    newest = seasons[0] if seasons else ""
    return [
        league_select(view, teams.home_league(view.reader) or "", everything=False),
        select(view, "season", "Season", {season: season for season in seasons}, newest),
    ]


def content(view: View) -> list[Part]:
    league, _, season = which(view.reader, view.query)
    if league is None or season is None:
        return [html.head("League", "Tables, the race for points, and how it may end."), html.empty("No league yet")]
    rows = teams.league_table(view.reader, league["league"], season)
    results = teams.results(view.reader, league["league"], season)
    title = f"{league['name']} {season}"
    played = [row for row in results if row["status"] == "played"]
    awarded = f" and {len(results) - len(played)} awarded" if len(results) > len(played) else ""
    state = f"{league['country']}, {len(played)} matches played{awarded} to {html.day(rows[0]['table_date'])}."
    export = html.csv_link("league", {"league": league["league"], "season": season})
    names = {row["team_id"]: row["display_name"] for row in rows}
    first = [row["team_id"] for row in rows[:IN_COLOUR]]
    leaders = ", ".join(f"{row['display_name']} {row['points']}" for row in rows[:3])
    return [
        html.head(title, state, export),
        html.card(
            "Who leads?",
            standing(rows, view.followed, season, teams.adjustments(view.reader, league["league"], season)),
        ),
        chart_card(
            "How did it come to that?",
            lines.points_race(results, names, first),
            f"Points: {leaders}",
            f"Points won after each match, without rulings; the first {len(first)} in colour, everyone else grey",
            [(names[team], colour) for team, colour in zip(first, SERIES, strict=False)],
        ),
        projection(view.reader, league["league"], season),
        rates(played),
    ]


def standing(rows: Sequence[Row], followed: tuple[str, ...], season: str, adjustments: Sequence[Row] = ()) -> Markup:
    def team(row: Row) -> Markup:
        star = "★ " if row["team_id"] in followed else ""
        return html.link("matches", f"{star}{row['display_name']}", team=row["team_id"])

    columns = [
        html.numeric("#", "position"),
        html.Column("Team", team),
        html.numeric("P", "played", hint="played"),
        html.numeric("W", "won", kind="n wide"),
        html.numeric("D", "drawn", kind="n wide"),
        html.numeric("L", "lost", kind="n wide"),
        html.Column("Goals", lambda row: f"{row['goals_for']}:{row['goals_against']}", "n wide"),
        html.Column("±", lambda row: html.number(row["goal_difference"], sign=True), "n", "goal difference"),
        html.Column("Points", points, "n"),
    ]
    if any(row["zone"] for row in rows):
        columns.append(html.Column("Zone", lambda row: row["zone"] or "", hint="what the place is worth"))
    if any(row["form_season"] == season for row in rows):
        columns.append(html.Column("Form", lambda row: html.run(row["results_last_5"] or "", "form"), "wide"))
    return html.table(
        columns, rows, caption(rows, adjustments), mark=lambda row: "us" if row["team_id"] in followed else ""
    )


def points(row: Row) -> str:
    """With an asterisk where a ruling gave or took some."""
    return f"{html.number(row['points'])}{'*' if row['points_adjustment'] else ''}"


def caption(rows: Sequence[Row], adjustments: Sequence[Row]) -> str:
    """How the table is ranked, and the rulings that changed its points."""
    parts = ["Ranked by the rules of the season"]
    if any(row["points_halved"] for row in rows):
        parts.append("points won before the split are halved where the rules say so")
    totals: dict[str, list[Row]] = {}
    for row in adjustments:
        totals.setdefault(row["team_name"], []).append(row)
    for name, own in totals.items():
        reasons = "; ".join(dict.fromkeys(row["reason"] for row in own))
        parts.append(f"* {name} {html.number(sum(row['points'] for row in own), sign=True)}: {reasons}")
    return ". ".join(parts) + "."


def projection(reader: Reader, league: str, season: str) -> Markup:
    title = "How will it end?"
    rows = market.projection(reader, league)
    if not rows or rows[0]["season"] != season:
        why = "Simulated seasons appear here once the projection has run; they are of the newest season only."
        return html.card(title, html.empty("Not computed", why))
    first = rows[0]
    zones = list(first["zones"])
    columns = [
        html.Column("Team", lambda row: html.link("matches", row["display_name"], team=row["team_id"])),
        html.numeric("Points now", "points", kind="n wide"),
        html.Column("Expected", lambda row: html.number(row["expected_points"], 1), "n", "mean points at the end"),
        html.Column("±", lambda row: html.number(row["points_sd"], 1), "n wide", "standard deviation"),
        *(_zone_column(zone) for zone in zones),
        html.Column("Places", lambda row: places(row["positions"]), "wide", "chance of each place, first to last"),
    ]
    note = (
        f"{html.number(first['simulations'])} seasons simulated on from {html.instant(first['results_to'])} by "
        f"{first['model_name']} {first['model_version']} · {first['label']}"
    )
    return html.card(title, html.table(columns, rows, "By expected points"), note=note)


def _zone_column(zone: str) -> html.Column:
    return html.Column(zone, lambda row: chance(row["zones"].get(zone)), "n")


def chance(share: float | None) -> Markup:
    """A chance with its shade: the likelier the darker."""
    if share is None:
        return Markup(html.DASH)  # noqa: S704 - a constant
    text = "<1%" if 0 < share < 0.01 else ">99%" if 0.99 < share < 1 else html.percent(share)
    return Markup('<span class="shade" style="--share:{}%">{}</span>').format(f"{45 * share:.0f}", text)


def places(positions: Sequence[float]) -> Markup:
    """A strip of one cell per place."""
    top = max(positions) or 1.0
    cells = html.join(
        Markup('<i style="height:{}%" title="place {}: {}"></i>').format(
            f"{max(100 * share / top, 2):.0f}", place, html.percent(share, 1)
        )
        for place, share in enumerate(positions, 1)
    )
    likeliest = max(range(len(positions)), key=positions.__getitem__) + 1
    return Markup('<span class="strip" role="img" aria-label="likeliest place {}">{}</span>').format(likeliest, cells)


def rates(results: Sequence[Row]) -> Markup:
    """What kind of season it is, beside nothing but itself."""
    if not results:
        return html.card("What kind of season is it?", html.empty("No match played yet"))
    n = len(results)
    outcomes = Counter(row["outcome"] for row in results)
    goals = sum(row["home_goals"] + row["away_goals"] for row in results)
    both = sum(1 for row in results if row["home_goals"] and row["away_goals"])
    shares = [outcomes[side] / n for side in range(3)]
    pairs = [
        ("Home wins", html.percent(shares[0]), f"{outcomes[0]} of {n}"),
        ("Draws", html.percent(shares[1]), f"{outcomes[1]}"),
        ("Away wins", html.percent(shares[2]), f"{outcomes[2]}"),
        ("Goals a match", html.number(goals / n, 2), f"{goals} in all"),
        ("Both teams scored", html.percent(both / n), f"{both} matches"),
    ]
    return html.card("What kind of season is it?", html.bar(shares), html.facts(pairs))


def export(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    league, _, season = which(reader, query)
    if league is None or season is None:
        return []
    names = ("league", "season", "table_date", "position", "team_id", "team_name", "played", "won", "drawn", "lost",
             "goals_for", "goals_against", "goal_difference", "points", "points_won", "points_adjustment",
             "points_halved", "phase", "zone")  # fmt: skip
    return [{name: row[name] for name in names} for row in teams.league_table(reader, league["league"], season)]


PAGE = Page("league", "League", content, controls, export)
