"""Pieces of HTML: what data says is text, whatever it says; numbers read alike everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup

from dashboards import html
from tests.support.dashboard import NASTY


@pytest.mark.parametrize(
    "piece",
    [
        html.card(NASTY, NASTY, note=NASTY),
        html.empty(NASTY, NASTY),
        html.facts([(NASTY, NASTY, NASTY)]),
        html.head(NASTY, NASTY),
        html.link("match", NASTY, id=NASTY),
        html.csv_link("matches", {"team": NASTY}),
        html.run("WDL", NASTY),
        html.table([html.Column(NASTY, lambda row: row, NASTY, NASTY)], [NASTY], NASTY, group=lambda row: row),
    ],
)
def test_a_name_with_html_in_it_stays_text(piece):
    assert isinstance(piece, Markup)
    assert "<script" not in piece
    assert "<b>Bold" not in piece


def test_only_results_become_letters_of_a_run():
    assert html.run('W"><script>L').count("<b ") == 2


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234567, 0, "1\u202f234\u202f567"), (-0.01234, 3, "\u22120.012"), (-0.0001, 2, "0.00"), (None, 1, "–"),
     (float("nan"), 1, "–"), (float("inf"), 1, "–")],
)  # fmt: skip
def test_numbers_have_thin_spaces_a_real_minus_and_no_minus_zero(value, digits, text):
    assert html.number(value, digits) == text


def test_a_sign_is_shown_where_it_is_asked_for_but_not_on_zero():
    assert [html.number(value, sign=True) for value in (3, -3, 0)] == ["+3", "\u22123", "0"]


def test_one_state_has_one_address_without_what_is_empty():
    assert html.address("matches", {"team": "a&b", "league": "", "mine": None}) == "/matches?team=a%26b"
    assert html.address("matches", {"b": 1, "a": 2}) == html.address("matches", {"a": 2, "b": 1})


def test_age_is_told_coarsely():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    ages = [None, timedelta(seconds=5), timedelta(minutes=90), timedelta(days=40)]
    told = [html.ago(age and now - age, now) for age in ages]
    assert told == ["never", "just now", "1 hour ago", "40 days ago"]


def test_a_bar_is_as_wide_as_its_probabilities():
    assert [f"width:{width}%" in html.bar((0.5, 0.3, 0.2)) for width in ("50.00", "30.00", "20.00")] == [True] * 3
