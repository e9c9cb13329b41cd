"""What is likely in this match, and why?"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from markupsafe import Markup

from dashboards import html
from dashboards.charts import lines
from dashboards.components.cards import chart_card
from dashboards.components.match_list import KEY, follow_button, listing, sides
from dashboards.data import matches, teams
from dashboards.reader import Row
from dashboards.theme import SERIES
from dashboards.view import Page, Part, View
from footpred_dagster.core.domain import scorelines

TREND = timedelta(days=3 * 365)
GOALS_SHOWN, TOP = 6, 3


def content(view: View) -> list[Part]:
    match_id = view.get("id")
    row = matches.match(view.reader, match_id) if match_id else None
    if row is None:
        return search(view, unknown=bool(match_id))
    told, before = [chances(row)], [form(view, row, "home"), form(view, row, "away")]
    if row["kind"] == "backtest":  # which says nothing else
        told.append(meetings(view, row))
    else:
        told += [why(row), scores(row)]
        before.append(meetings(view, row))
    return [header(row, view), html.cards(*told), trend(view, row), html.cards(*before)]


def search(view: View, *, unknown: bool) -> list[Part]:
    rows = matches.fixtures(view.reader, None, None, 15) or matches.played(view.reader, None, None, None, 15)
    lead = "No match has that address. " if unknown else ""
    played = bool(rows) and rows[0]["status"] != "fixture"
    parts: list[Part] = [html.head("Match", f"{lead}Find a team with the search at the top, or open one of these.")]
    parts.append(listing(rows, view.followed, "played" if played else "next") if rows else html.empty("No matches yet"))
    return parts


def header(row: Row, view: View) -> Markup:
    score = f"{row['home_goals']} – {row['away_goals']}" if row["home_goals"] is not None else "v"
    when = html.instant(row["kickoff"]) if row["kickoff_known"] else html.day(row["match_date"], weekday=True)
    states = {
        "fixture": "to come",
        "played": "played",
        "awarded": "awarded, not played",
        "void": "not counted",
        "unlisted": "no longer listed",
    }
    state = states[row["status"]] + (f": {row['ruling']}" if row["ruling"] else "")
    home, away = (html.link("matches", row[f"{side}_name"], team=row[f"{side}_id"]) for side in ("home", "away"))
    return Markup(
        '<section class="card"><h1 class="said">{} – {}</h1><p class="muted">{} · {} {} · {}</p>'
        '<div class="versus"><div><h2>{}</h2>{}</div><div class="score">{}</div><div><h2>{}</h2>{}</div></div>'
        "</section>"
    ).format(
        row["home_name"], row["away_name"], when, row["country"], row["league_name"], state,
        home, follow_button(row["home_id"], view), score, away, follow_button(row["away_id"], view),
    )  # fmt: skip


def chances(row: Row) -> Markup:
    """The prediction, its fair odds, and the market beside it."""
    if row["p_home"] is None:
        return html.card(
            "How likely is each outcome?", html.empty("Not predicted", "No prediction of it is on record.")
        )
    ours = sides(row)
    three = html.join(
        Markup('<div><b>{}</b>{}<small class="muted"> fair odds {}</small></div>').format(
            html.percent(share, 1), label, f"{1 / share:.2f}"
        )
        for share, label in zip(ours, ("home", "draw", "away"), strict=True)
    )
    lines_known = [("Prediction", ours)]
    lines_known += [
        (f"{when.capitalize()} line", line)
        for when in ("opening", "closing")
        if (line := matches.market_line(row, when)) is not None
    ]
    compared = html.table(
        [
            html.Column("", lambda item: item[0]),
            *(_side_column(side, label) for side, label in enumerate(("1", "X", "2"))),
        ],
        lines_known,
        "Beside what bookmakers' average odds imply once their margin is taken off",
    )
    source = {
        "live": f"Sealed {html.instant(row['sealed_at'])} by {row['model_name']} {row['model_version']}.",
        "replay": f"A replay as of {html.instant(row['as_of'])} by {row['model_name']} {row['model_version']}.",
        "backtest": f"A backtest: {row['model_name']}, fitted on earlier seasons only; it gives no reasons or scores.",
    }[row["kind"]]
    body = Markup('<div class="big">{}</div><div class="three">{}</div>{}{}').format(
        html.bar(ours), three, KEY, compared
    )
    return html.card("How likely is each outcome?", body, note=source)


def _side_column(side: int, label: str) -> html.Column:
    return html.Column(label, lambda item: html.percent(item[1][side], 1), "n")


def why(row: Row) -> Markup:
    title = "What speaks for whom?"
    reasons: dict[str, float] = row["reasons"] or {}
    if not reasons:
        return html.card(title, html.empty("Not computed", "Reasons are kept for sealed predictions only."))
    return html.card(
        title,
        html.join(reason_line(name, value, most(reasons)) for name, value in ordered(reasons)),
        note="Log-odds of home against away before calibration, by group of features",
    )


def ordered(reasons: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(reasons.items(), key=lambda item: -abs(item[1]))


def most(reasons: dict[str, float]) -> float:
    return max((abs(value) for value in reasons.values()), default=0.0) or 1.0


def reason_line(name: str, value: float, scale: float) -> Markup:
    """A bar from the middle: to the right and blue for the home team, to the left and orange for the away team."""
    width = 50 * min(abs(value) / scale, 1.0)
    start = 50.0 if value >= 0 else 50 - width
    return Markup(
        '<div class="reason"><span>{}</span><span class="axis"><i class="{}" style="left:{}%;width:{}%"></i></span>'
        '<span class="n">{}</span></div>'
    ).format(name, "h" if value >= 0 else "a", f"{start:.1f}", f"{width:.1f}", html.number(value, 2, sign=True))


def scores(row: Row) -> Markup:
    title = "Which scores are likely?"
    if row["rate_home"] is None:
        return html.card(title, html.empty("Not computed", "The goals model has no grid for this match."))
    rates = np.array([[row["rate_home"], row["rate_away"]]])
    cells = scorelines.grid(rates, row["rate_correction"], np.array([sides(row)]))
    goals, shares = scorelines.top_scores(cells, TOP)
    likeliest = ", ".join(
        f"{home}–{away} {html.percent(share, 1)}" for (home, away), share in zip(goals[0], shares[0], strict=True)
    )
    over, both = float(scorelines.over_under(cells, (2.5,))[0, 0, 0]), float(scorelines.both_score(cells)[0])
    expected = scorelines.expected_goals(cells)[0]
    pairs = [
        ("Expected goals", f"{expected[0]:.2f} : {expected[1]:.2f}", "home and away"),
        ("Over 2.5 goals", html.percent(over), f"fair odds {1 / over:.2f}"),
        ("Both score", html.percent(both), f"fair odds {1 / both:.2f}"),
    ]
    grid = grid_table(cells[0], row["home_name"], row["away_name"])
    return html.card(title, html.facts(pairs), grid, note=f"Likeliest: {likeliest}")


def grid_table(grid: scorelines.Floats, home: str, away: str) -> Markup:
    """Chances of scores from 0-0 up, the darker the likelier; rows are the home team's goals."""
    grid = grid[:GOALS_SHOWN, :GOALS_SHOWN]
    top = float(grid.max()) or 1.0
    head = html.join(Markup('<th scope="col">{}</th>').format(goals) for goals in range(GOALS_SHOWN))
    body = html.join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            goals,
            html.join(
                Markup('<td style="background:color-mix(in srgb,var(--fp-home) {}%,transparent)">{}</td>').format(
                    f"{55 * share / top:.0f}", html.number(100 * share, 1)
                )
                for share in line
            ),
        )
        for goals, line in enumerate(grid)
    )
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="Chances of scores"><table class="grid"><caption>'
        "Per cent; down: goals of {}, across: goals of {}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody>"
        "</table></div>"
    ).format(home, away, head, body)


def trend(view: View, row: Row) -> Part:
    since, until = str(row["match_date"] - TREND), str(row["match_date"])
    histories = [
        (row[f"{side}_name"], teams.elo_history(view.reader, row[f"{side}_id"], since, until))
        for side in ("home", "away")
    ]
    now = [f"{name} {history[-1]['elo']:.0f}" for name, history in histories if history]
    if not now:
        return html.card("How strong have they been?", html.empty("No ratings on record"))
    plot = lines.ratings(histories)
    key = [(name, colour) for (name, _), colour in zip(histories, SERIES, strict=False)]
    return chart_card(
        "How strong have they been?", plot, "; ".join(now), "Elo before each match, last three years", key
    )


def form(view: View, row: Row, side: str) -> Markup:
    name, team_id = row[f"{side}_name"], row[f"{side}_id"]
    rows = matches.latest(view.reader, team_id, row)
    if not rows:
        return html.card(f"How has {name} done?", html.empty("No earlier match on record"))

    def against(item: Row) -> Markup:
        at_home = item["home_id"] == team_id
        other = item["away_name" if at_home else "home_name"]
        return html.link("match", f"{other} ({'home' if at_home else 'away'})", id=item["match_id"])

    letters = "".join(item["result"] for item in reversed(rows))
    columns = [
        html.Column("Date", lambda item: html.day(item["match_date"]), "date"),
        html.Column("Against", against),
        html.Column("Score", lambda item: f"{item['home_goals']}–{item['away_goals']}", "n"),
        html.Column("", lambda item: html.run(item["result"]), "n"),
    ]
    return html.card(
        f"How has {name} done?", html.run(letters, "results"), html.table(columns, rows, f"{name}, newest first")
    )


def meetings(view: View, row: Row) -> Markup:
    title = "How did they meet before?"
    rows = matches.meetings(view.reader, row)
    if not rows:
        return html.card(title, html.empty("They have not met on record"))
    won = [0, 0, 0]
    for item in rows:
        home_is_home = item["home_id"] == row["home_id"]
        margin = (item["home_goals"] - item["away_goals"]) * (1 if home_is_home else -1)
        won[0 if margin > 0 else 1 if margin == 0 else 2] += 1
    columns = [
        html.Column("Date", lambda item: html.day(item["match_date"]), "date"),
        html.Column("Match", lambda item: html.link("match", f"{item['home_name']} – {item['away_name']}",
                                                    id=item["match_id"])),
        html.Column("Score", lambda item: f"{item['home_goals']}–{item['away_goals']}", "n"),
    ]  # fmt: skip
    said = f"Last {len(rows)}: {row['home_name']} won {won[0]}, {won[1]} drawn, {row['away_name']} won {won[2]}"
    return html.card(title, html.table(columns, rows, "Newest first"), note=said)


PAGE = Page("match", "Match", content)
