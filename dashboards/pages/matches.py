"""Which matches come next, and how likely is each outcome?"""

from __future__ import annotations

from collections.abc import Mapping

import panel_material_ui as pmui
from markupsafe import Markup
from panel.viewable import Viewable

from dashboards import html
from dashboards.components.filters import league_select, select
from dashboards.components.match_list import follow_button, listing
from dashboards.data import health, matches, teams
from dashboards.reader import Reader, Row
from dashboards.view import Page, Part, View

MOST_EXPORTED = 5000


def controls(view: View) -> list[Viewable]:
    mine = pmui.Checkbox(label="Only teams I follow", value=bool(view.get("mine")), margin=(8, 8, 8, 0))
    mine.param.watch(lambda event: view.change(mine="1" if event.new else ""), "value")
    return [
        select(view, "show", "Show", {"": "Automatic", "next": "To come", "played": "Played"}),
        league_select(view),
        mine,
    ]


def content(view: View) -> list[Part]:
    team_id = view.get("team")
    wanted = [team_id] if team_id else list(view.followed) if view.get("mine") else None
    skip = view.skip * matches.PAGE
    shown, rows = chosen(view.reader, view.query, wanted, skip)
    about = teams.team(view.reader, team_id) if team_id else None
    parts: list[Part] = [
        html.head(
            about["name"] if about else "Matches",
            lead(view, shown, bool(rows)),
            *([follow_button(about["team_id"], view)] if about else []),
            html.csv_link("matches", dict(view.query) | {"teams": ",".join(wanted or [])}),
        )
    ]
    if about:
        parts.append(team_card(about))
    elif team_id:
        parts.append(html.empty("No such team", "Try the search at the top."))
    if rows:
        parts.append(listing(rows, view.followed, shown))
        parts.append(pager(view, len(rows)))
    else:
        why = "Follow teams with the ☆ on their page." if view.get("mine") else "Choose other filters, or all leagues."
        parts.append(html.empty("No matches here", why))
    return parts


def chosen(reader: Reader, query: Mapping[str, str], wanted: list[str] | None, skip: int) -> tuple[str, list[Row]]:
    """What to show, ``next`` or ``played``, and its rows: results where nothing is to come and nobody chose."""
    league, show = query.get("league") or None, query.get("show")
    rows: list[Row] = []
    if show != "played":
        rows = matches.fixtures(reader, league, wanted, matches.PAGE, skip)
        if rows or show == "next":
            return "next", rows
    return "played", matches.played(reader, league, query.get("season") or None, wanted, matches.PAGE, skip)


def lead(view: View, shown: str, found: bool) -> str:
    state = health.freshness(view.reader)
    age = f"results to {html.day(state['newest_result'])}"
    if state["sealed_at"]:
        age += f", predictions sealed {html.ago(state['sealed_at'], view.now)}"
    if shown == "next":
        return f"What comes next and how likely each outcome is; {age}."
    none = "" if view.get("show") or not found or state["fixtures"] else "No fixtures are on file; these are results. "
    return f"{none}Played matches with what was predicted before them; {age}."


def team_card(about: Row) -> Markup:
    pairs = [
        ("League", html.link("league", about["league_name"], league=about["league"]), f"{about['country']}"),
        (
            "Elo",
            html.link("ratings", f"{about['elo']:.0f}" if about["elo"] else html.DASH, teams=about["team_id"]),
            "before its next match",
        ),
        ("Last five", html.run(about["results_last_5"] or "", "results"), "newest last"),
        ("Points a match", html.number(about["points_last_5"], 2), "last five"),
        (
            "Goals a match",
            f"{html.number(about['goals_for_last_5'], 1)} : {html.number(about['goals_against_last_5'], 1)}",
            "last five, for and against",
        ),
        ("On record", html.number(about["matches"]), f"matches since {about['first_season']}"),
    ]
    return Markup('<section class="card">{}</section>').format(html.facts(pairs))


def pager(view: View, found: int) -> Markup:
    here = view.skip + 1
    before = html.link("matches", "← previous", **(dict(view.query) | {"page": here - 1})) if here > 1 else ""
    after = html.link("matches", "next →", **(dict(view.query) | {"page": here + 1})) if found == matches.PAGE else ""
    return Markup('<div class="tools"><span>{}</span><span>{}</span></div>').format(before, after)


def export(reader: Reader, query: Mapping[str, str]) -> list[Row]:
    """Without odds: their sources do not license them onwards in bulk."""
    wanted = [team for team in (query.get("team") or query.get("teams") or "").split(",") if team] or None
    league, season = query.get("league") or None, query.get("season") or None
    rows = [] if query.get("show") == "played" else matches.fixtures(reader, league, wanted, MOST_EXPORTED)
    if not rows and query.get("show") != "next":
        rows = matches.played(reader, league, season, wanted, MOST_EXPORTED)
    names = ("match_id", "league", "season", "match_date", "kickoff", "status", "home_name", "away_name", "home_goals",
             "away_goals", "p_home", "p_draw", "p_away", "kind", "model_name", "sealed_at")  # fmt: skip
    return [{name: row[name] for name in names} for row in rows]


PAGE = Page("matches", "Matches", content, controls, export)
