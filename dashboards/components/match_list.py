"""A list of matches, and what stands beside a match in it."""

from __future__ import annotations

from markupsafe import Markup

from dashboards import html
from dashboards.reader import Row
from dashboards.view import View

KINDS = {"live": "sealed", "replay": "replay", "backtest": "backtest"}


KEY = Markup(
    '<span class="key"><span><i class="h"></i>home win</span><span><i class="d"></i>draw</span>'
    '<span><i class="a"></i>away win</span></span>'
)


def listing(rows: list[Row], followed: tuple[str, ...], shown: str) -> Markup:
    """The list of matches by day, probabilities beside their bar."""

    def teams_of(row: Row) -> Markup:
        star = "★ " if row["home_id"] in followed or row["away_id"] in followed else ""
        clock = f"{row['kickoff']:%H:%M} " if row["kickoff_known"] else ""
        return Markup('<div class="match">{}<small>{}{} {}</small></div>').format(
            html.link("match", f"{star}{row['home_name']} – {row['away_name']}", id=row["match_id"]),
            clock, row["country"], row["league_name"],
        )  # fmt: skip

    def chance(side: str) -> html.Column:
        def cell(row: Row) -> Markup:
            best = row[side] is not None and row[side] == max(row["p_home"], row["p_draw"], row["p_away"])
            return Markup('<span class="{}">{}</span>').format("best" if best else "", html.percent(row[side]))

        return html.Column({"p_home": "1", "p_draw": "X", "p_away": "2"}[side], cell, "n")

    def odds(side: str) -> html.Column:
        label = {"p_home": "fair 1", "p_draw": "fair X", "p_away": "fair 2"}[side]
        cell = lambda row: html.DASH if row[side] is None else f"{1 / row[side]:.2f}"  # noqa: E731
        return html.Column(label, cell, "n wide", "fair odds: 1 / probability")

    columns = [
        html.Column("Match", teams_of),
        html.Column("", lambda row: html.bar(sides(row)) if row["p_home"] is not None else "", "wide"),
        *(chance(side) for side in ("p_home", "p_draw", "p_away")),
        *(odds(side) for side in ("p_home", "p_draw", "p_away")),
        html.Column("From", lambda row: Markup('<span class="tag">{}</span>').format(KINDS.get(row["kind"], "none")),
                    "wide"),
    ]  # fmt: skip
    if shown == "played":
        columns.insert(1, html.Column("", score, "n"))
    caption = "Times UTC. sealed: in the ledger before kickoff; backtest: by a fit on earlier seasons only."
    listed = html.table(columns, rows, caption, group=lambda row: html.day(row["match_date"], weekday=True))
    return Markup('<section class="card"><h2 class="said">{}</h2>{}{}</section>').format(
        "To come" if shown == "next" else "Played", KEY, listed
    )


def score(row: Row) -> Markup:
    """The result, marked where the match was decided without play."""
    awarded = Markup("<br><small>awarded</small>") if row["status"] == "awarded" else ""
    return Markup("{}–{}{}").format(row["home_goals"], row["away_goals"], awarded)


def sides(row: Row) -> tuple[float, float, float]:
    return row["p_home"], row["p_draw"], row["p_away"]


def follow_button(team_id: str, view: View) -> Markup:
    on = team_id in view.followed
    return Markup('<button type="button" data-follow="{}" aria-pressed="{}">{}</button>').format(
        team_id, "true" if on else "false", "★ Following" if on else "☆ Follow"
    )
