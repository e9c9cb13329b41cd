"""Every page on a small world: what it says, what it escapes, and that it says something when there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager

import panel as pn
import psycopg
import pytest
from markupsafe import Markup, escape

from dashboards.data import live, matches, teams
from dashboards.data.models import honest_number, span
from dashboards.links import Links
from dashboards.pages import EXPORTS, PAGES
from dashboards.shell import footer
from dashboards.view import View
from tests.support.dashboard import FORMULA, LOSSES, NASTY

ESCAPED = "&lt;script&gt;"


def view(reader, query: Mapping[str, str] | None = None, followed=(), links=None) -> View:
    return View(reader, query or {}, tuple(followed), links or Links(), lambda **_: None)


def text(reader, slug: str, query: Mapping[str, str] | None = None, **given) -> str:
    """All HTML of a page, of chart cards their headings."""
    parts = PAGES[slug].content(view(reader, query, **given))
    panes = [part for part in parts if not isinstance(part, Markup)]
    return "".join(
        [str(part) for part in parts if isinstance(part, Markup)]
        + [str(found.object) for part in panes for found in part.select(pn.pane.HTML)]
    )


@pytest.mark.parametrize("slug", PAGES)
def test_every_page_answers_without_parameters_and_shows_no_markup_of_the_data(reader, slug):
    written = text(reader, slug)
    assert "<h1" in written
    assert "<script" not in written
    assert "<b>Bold" not in written
    assert "<img" not in written
    PAGES[slug].controls(view(reader))


@pytest.mark.parametrize("slug", PAGES)
def test_no_page_breaks_on_an_address_somebody_made_up(reader, slug):
    odd = {"league": "'; drop", "season": "x", "team": NASTY, "teams": "x,,<y>", "id": "no", "page": "-3", "show": "?",
           "evidence": "?", "group": "?", "years": "?"}  # fmt: skip
    written = text(reader, slug, odd)
    assert "<h1" in written
    assert "<script" not in written
    PAGES[slug].controls(view(reader, odd))


@pytest.mark.parametrize("slug", PAGES)
def test_before_the_first_run_no_table_of_dbt_exists_and_pages_say_so_by_one_error(slug, make_empty_reader):
    try:
        text(make_empty_reader, slug)
    except psycopg.errors.UndefinedTable:
        return
    assert slug in ("track-record", "models", "market")


@pytest.fixture
def make_empty_reader(database_url):
    from dashboards.reader import Reader

    reader = Reader(lambda: database_url)
    yield reader
    reader.close()


def test_matches_begin_with_what_comes_next_and_turn_to_results_on_request(reader):
    coming, played = text(reader, "matches"), text(reader, "matches", {"show": "played"})
    assert coming.count('href="/match?id=') == 2
    assert played.count('href="/match?id=') == 6
    assert "45%" in coming
    assert "50%" in played
    assert "backtest" in played


def test_a_club_that_is_followed_is_starred_and_can_be_listed_alone(reader):
    assert "★" not in text(reader, "matches")
    mine = text(reader, "matches", {"mine": "1"}, followed=["alpha"])
    assert mine.count('href="/match?id=') == 1
    assert "★" in mine
    assert "Follow teams" in text(reader, "matches", {"mine": "1"})


def test_a_match_shows_prediction_market_reasons_grid_form_and_meetings(reader):
    written = text(reader, "match", {"id": "nasty-alpha"})
    assert ESCAPED in written
    for said in ("45.0%", "Opening line", "strength", "Likeliest:", "Over 2.5 goals", "How did they meet before?"):
        assert said in written
    assert "Expected goals" in written


def test_a_match_without_address_offers_a_search(reader):
    assert "Find a team" in text(reader, "match")
    assert "No match has that address" in text(reader, "match", {"id": "gone"})


KEPT = {"marts.fct_matches": "public.kept_matches", "predictions.served": "public.kept_served"}


@contextmanager
def changed(url, *statements):
    """The database with ``statements`` carried out, and put back."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table, kept in KEPT.items():
            connection.execute(f"create table {kept} as select * from {table}")
        try:
            for statement in statements:
                connection.execute(statement)
            yield
        finally:
            for table, kept in KEPT.items():
                connection.execute(f"truncate {table}; insert into {table} select * from {kept}; drop table {kept}")


@pytest.mark.fault(53, "a walkover is shown as awarded, with its ruling, and is no played match")
def test_an_awarded_match_is_shown_as_such(reader, world_url):
    award = """
        update marts.fct_matches set status = 'awarded', ruling = 'they <b>withdrew</b>', outcome = null
        where match_id = 'beta-formula'
    """
    with changed(world_url, award):
        page = text(reader, "match", {"id": "beta-formula"})
        assert "awarded, not played: they &lt;b&gt;withdrew&lt;/b&gt;" in page
        listed = text(reader, "matches", {"show": "played"})
        assert listed.count("<small>awarded</small>") == 1
        assert "5 matches played and 1 awarded to" in text(reader, "league", {"league": "E0"})


def test_a_sealed_match_that_vanished_from_the_list_is_shown_with_its_prediction(reader, world_url):
    gone = (
        "delete from marts.fct_matches where match_id = 'nasty-alpha'",
        "update predictions.served set listed = false where match_id = 'nasty-alpha'",
    )
    with changed(world_url, *gone):
        page = text(reader, "match", {"id": "nasty-alpha"})
        assert "no longer listed" in page
        assert "45.0%" in page
        assert "nasty-alpha" not in text(reader, "matches")


def test_a_match_is_shown_as_it_was_before_it(reader):
    row = matches.match(reader, "beta-formula")
    assert row["kind"] == "backtest"
    assert [before["match_id"] for before in matches.latest(reader, "beta", row)] == ["beta-nasty", "alpha-beta"]
    assert sum(matches.market_line(row, "closing")) == pytest.approx(1.0)


def test_odds_that_are_missing_give_no_market_line(reader):
    row = matches.match(reader, "beta-formula") | {"opening_odds_draw": None}
    assert matches.market_line(row, "opening") is None


def test_what_if_counts_outcomes_of_matches_as_uneven(reader):
    rows = teams.elo_outcomes(reader)
    assert teams.what_happened(rows, 12, near=2) == (1, 2, 2)
    assert teams.what_happened(rows, 900) == (0, 0, 0)


def test_the_honest_number_is_computed_and_on_every_page(reader):
    said = honest_number(reader)
    assert f"{LOSSES['stack']:.4f} on 15\u202f480 matches of 2023–25" in said
    assert "guessing base rates gives 1.0751" in said
    assert "closing line 0.9939: the market knows more" in said
    assert escape(said) in footer(reader)
    assert span("2425") == "2024–25"


def test_gates_are_told_in_the_policys_words_and_escaped(reader):
    written = text(reader, "models")
    assert "&lt;i&gt;worse" in written
    assert "1 of 2 gates" in written
    assert "Stack 1" in written


def test_comparisons_are_turned_to_the_champions_side(reader):
    from dashboards.data.models import against

    assert [(row["against"], row["difference"], row["low"]) for row in against(reader, "stack")] == [
        ("elo_logit", 0.01, 0.008)
    ]


def test_what_is_not_computed_yet_is_said(reader):
    assert "Not computed" in text(reader, "data-health")
    assert "Live scores are not connected" in text(reader, "livescores")
    assert "Not computed" in text(reader, "market")
    assert "Not computed" in text(reader, "league")
    assert "No sealed prediction has been scored" in text(reader, "track-record")


def test_services_are_linked_where_they_run(reader):
    links = Links("http://127.0.0.1:3000", "http://127.0.0.1:5001", "http://127.0.0.1:8000")
    for slug in ("models", "data-health"):
        assert all(url in text(reader, slug, links=links) for url in (links.dagster, links.mlflow, links.api))
        assert "http://127.0.0.1:3000" not in text(reader, slug)


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_have_rows_and_no_odds(reader, name):
    rows = EXPORTS[name](reader, {})
    assert rows
    assert not [column for column in rows[0] if "odds" in column]


def test_names_come_out_of_an_export_as_they_are(reader):
    names = {row["home_name"] for row in EXPORTS["matches"](reader, {"show": "next"})}
    assert names == {NASTY, FORMULA}


def test_the_table_says_what_places_are_worth_and_which_rulings_changed_its_points(reader, world_url):
    with psycopg.connect(world_url) as connection:
        connection.execute(
            "insert into marts.fct_points_adjustments values "
            "('E0', '2024-25', 'alpha', %s, -6, '2024-09-01', %s, 'x'), "
            "('E0', '2024-25', 'alpha', %s, 2, '2024-09-02', 'appeal', 'x'), "
            "('E0', '2024-25', 'beta', 'Beta', -9, '2999-01-01', 'not yet', 'x')",
            ["Alpha", NASTY, "Alpha"],
        )
    written = text(reader, "league")
    assert ">title<" in written
    assert f"* Alpha −4: {escape(NASTY)}; appeal" in written
    assert "not yet" not in written
    rows = EXPORTS["league"](reader, {})
    assert rows[0]["zone"] == "title"
    assert {"points_won", "points_adjustment", "points_halved"} <= set(rows[0])


@pytest.mark.parametrize(
    ("slug", "query"),
    [
        ("matches", {}),
        ("matches", {"team": "beta"}),
        ("matches", {"show": "played"}),
        ("match", {"id": "formula-beta"}),
        ("match", {"id": "beta-nasty"}),
        ("league", {}),
        ("ratings", {}),
        ("livescores", {}),
    ],
)
def test_a_club_is_shown_by_its_proper_name_wherever_it_is_read(reader, slug, query):
    written = text(reader, slug, query)
    assert "Bêta Town United" in written
    assert "Beta Town" not in written


def test_live_scores_name_a_club_properly_where_the_spelling_is_known(reader):
    clubs = teams.search(reader)
    assert live.proper(clubs, "E0", "BETA TOWN") == "Bêta Town United"
    assert live.proper(clubs, "E0", "Somebody Else") == "Somebody Else"
