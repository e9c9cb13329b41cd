"""Who is strong, since when, and what happened when two as far apart met?

Divisions of one country share a scale, as clubs rise and fall between them; countries never meet on these files.
"""

from __future__ import annotations

from collections.abc import Mapping

import panel_material_ui as pmui
from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html
from dashboards.charts import lines
from dashboards.components.cards import chart_card
from dashboards.components.filters import FILTER, league_select, select
from dashboards.data import teams
from dashboards.data.teams import home_league
from dashboards.reader import Reader, Row
from dashboards.theme import SERIES
from dashboards.view import Page, Part, View

SPANS = {"1900-01-01": "All years", "10": "Ten years", "3": "Three years"}
MOST = len(SERIES)
WIDE = {"styles": {"flex": "1 1 300px", "max-width": "480px"}}


def chosen(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    """The clubs in the address, else the two strongest; unknown ones are left out."""
    wanted = [team for team in query.get("teams", "").split(",") if team][:MOST]
    found = [row for team_id in wanted if (row := teams.team(reader, team_id))]
    return found or teams.strongest(reader, league_of(reader, query), 2)


def league_of(reader: Reader, query: Mapping[str, str]) -> str | None:
    known = [row["league"] for row in teams.leagues(reader)]
    return query["league"] if query.get("league") in known else home_league(reader)


def controls(view: View) -> list[Viewable]:
    options = {f"{row['display_name']} · {row['league_name']}": row["team_id"] for row in teams.teams(view.reader)}
    current = [row["team_id"] for row in chosen(view.reader, view.query)]
    picker = pmui.MultiChoice(
        label=f"Teams to compare, at most {MOST}", options=options, value=[t for t in current if t in options.values()],
        max_items=MOST, searchable=True, **(FILTER | WIDE),
    )  # fmt: skip
    picker.param.watch(lambda event: view.change(teams=",".join(event.new)), "value")
    return [
        picker,
        select(view, "years", "Span", SPANS, "10"),
        league_select(view, league_of(view.reader, {}) or "", everything=False),
    ]


def content(view: View) -> list[Part]:
    rows = chosen(view.reader, view.query)
    if not rows:
        return [
            html.head("Ratings", "Elo of every club."),
            html.empty("No ratings yet", "They come with the first run."),
        ]
    years = view.choice("years", SPANS, "10")
    since = years if years not in ("10", "3") else f"{view.now.year - int(years)}-07-01"
    histories = [(row["name"], teams.elo_history(view.reader, row["team_id"], since)) for row in rows]
    said = "; ".join(f"{row['name']} {row['elo'] or 0:.0f}" for row in rows)
    if len({row["country"] for row in rows}) > 1:
        said += ". Clubs of different countries have not met: their numbers share no scale"
    picked = ",".join(row["team_id"] for row in rows)
    return [
        html.head(
            "Ratings",
            "One number of strength per club, moved by every result; 1500 is where clubs begin.",
            html.csv_link("ratings", {"teams": picked}),
        ),
        chart_card(
            "How strong have they been?",
            lines.ratings(histories, 320),
            said,
            f"Elo before each match. Now: {said}.",
            [(name, colour) for (name, _), colour in zip(histories, SERIES, strict=False)],
        ),
        html.cards(what_if(view.reader, rows), ranking(view)),
    ]


def what_if(reader: Reader, rows: list[Row]) -> Markup:
    """The first club at home to the second, answered by matches that were as uneven: counts, not a model."""
    title = "What if they met?"
    if len(rows) < 2 or rows[0]["elo"] is None or rows[1]["elo"] is None:
        return html.card(title, html.empty("Choose two teams", "The first plays at home."))
    parts = [meeting(reader, rows[0], rows[1]), meeting(reader, rows[1], rows[0])]
    return html.card(
        title, *parts, note=f"All matches on record with an Elo difference within {teams.ELO_NEAR} of theirs"
    )


def meeting(reader: Reader, home: Row, away: Row) -> Markup:
    difference = home["elo"] - away["elo"]
    counts = teams.what_happened(teams.elo_outcomes(reader), difference)
    n = sum(counts)
    lead = Markup("<h3>{} at home to {}</h3>").format(home["name"], away["name"])
    if not n:
        return lead + html.empty("No match was as uneven")
    columns = [
        html.Column("", lambda row: row[0]),
        html.Column("Share", lambda row: html.percent(row[1] / n, 1), "n"),
        html.Column("Matches", lambda row: html.number(row[1]), "n"),
    ]
    listed = list(zip(("home win", "draw", "away win"), counts, strict=True))
    caption = f"{html.number(n)} matches with a difference of about {html.number(difference, sign=True)}"
    return lead + html.bar([count / n for count in counts]) + html.table(columns, listed, caption)


def ranking(view: View) -> Markup:
    rows = teams.strongest(view.reader, league_of(view.reader, view.query))
    if not rows:
        return html.card("Who is strongest?", html.empty("No club there"))
    columns = [
        html.Column("#", lambda row: row["place"], "n"),
        html.Column("Team", lambda row: html.link("matches", row["name"], team=row["team_id"])),
        html.Column("League", lambda row: f"{row['country']} · {row['league_name']}", "wide"),
        html.Column("Elo", lambda row: f"{row['elo']:.0f}", "n"),
        html.Column("pi", lambda row: html.number((row["home_pi"] + row["away_pi"]) / 2, 2), "n", "mean pi-rating"),
    ]
    placed = [row | {"place": place} for place, row in enumerate(rows, 1)]
    return html.card("Who is strongest?", html.table(columns, placed, "As their next match would be rated"))


def export(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    """Elo before each match of the clubs compared."""
    return [
        {"team_id": row["team_id"], "name": row["name"], "match_date": step["match_date"], "elo": step["elo"]}
        for row in chosen(reader, query)
        for step in teams.elo_history(reader, row["team_id"])
    ]


PAGE = Page("ratings", "Ratings", content, controls, export)
