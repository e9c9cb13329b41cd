"""What is being played, and how does it stand?"""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from dashboards import html
from dashboards.data import matches
from dashboards.pages.matches import listing
from dashboards.view import Page, Part, View


def content(view: View) -> list[Part]:
    upcoming = matches.fixtures(view.reader, None, None, matches.PAGE)
    today = [row for row in upcoming if row["match_date"] <= view.now.date()]
    recent = matches.played(view.reader, None, None, None, matches.PAGE)
    newest = [row for row in recent if row["match_date"] > recent[0]["match_date"] - timedelta(days=1)]
    parts: list[Part] = [
        html.head("Live scores", "What is being played now, and how the newest matches ended."),
        html.empty(
            "Live scores are not connected",
            Markup("No source of live scores writes here yet. Scores below are final ones from results files."),
        ),
    ]
    if today:
        parts.append(listing(today, view.followed, "next"))
    if newest:
        parts.append(listing(newest, view.followed, "played"))
    if not today and not newest:
        parts.append(html.empty("No matches yet"))
    return parts


PAGE = Page("livescores", "Live scores", content)
