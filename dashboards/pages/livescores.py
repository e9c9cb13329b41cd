"""What is being played, and how does it stand?"""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from dashboards import html
from dashboards.components.match_list import listing
from dashboards.data import live, matches
from dashboards.view import Page, Part, View


def content(view: View) -> list[Part]:
    upcoming = matches.fixtures(view.reader, None, None, matches.PAGE)
    today = [row for row in upcoming if row["match_date"] <= view.now.date()]
    recent = matches.played(view.reader, None, None, None, matches.PAGE)
    newest = [row for row in recent if row["match_date"] > recent[0]["match_date"] - timedelta(days=1)]
    parts: list[Part] = [
        html.head("Live scores", "What is being played now, and how the newest matches ended."),
        in_play(view),
    ]
    if today:
        parts.append(listing(today, view.followed, "next"))
    if newest:
        parts.append(listing(newest, view.followed, "played"))
    if not today and not newest:
        parts.append(html.empty("No matches yet"))
    return parts


def in_play(view: View) -> Markup:
    """What the sources of live scores said last; how old that is, and who did not answer."""
    asked, rows = live.polls(view.reader), live.scores(view.reader)
    if not asked:
        return html.empty(
            "Live scores are not connected",
            "No source of live scores is switched on: FOOTPRED_LIVE_SCORES names some. Scores below are final ones.",
        )
    note = f"Asked {html.ago(asked[0]['polled_at'], view.now)}; edited for days, and no model learns from them"
    silent = [f"{poll['source']} does not answer for {poll['league']}" for poll in asked if poll["problem"]]
    columns = [
        html.Column("Kickoff", lambda row: html.instant(row["kickoff"])),
        html.Column("League", lambda row: row["league"], "wide"),
        html.Column("Home", lambda row: row["home"]),
        html.Column("Score", lambda row: score(row["home_goals"], row["away_goals"]), "n"),
        html.Column("Away", lambda row: row["away"]),
        html.Column("Half-time", lambda row: score(row["ht_home_goals"], row["ht_away_goals"]), "n wide"),
        html.Column("", lambda row: row["status"].replace("_", " ")),
        html.Column("Source", lambda row: row["source"], "wide"),
    ]
    listed = (
        html.table(columns, rows, "Scores as their sources report them")
        if rows
        else html.empty("Nothing is played now")
    )
    return html.card("In play", listed, *(html.empty("Not up to date", each) for each in silent), note=note)


def score(home: int | None, away: int | None) -> str:
    return "" if home is None or away is None else f"{home}\u2009:\u2009{away}"


PAGE = Page("livescores", "Live scores", content)
