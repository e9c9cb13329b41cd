"""The search for a team in a real browser: any spelling finds, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import Browsing, chromium, needs_chromium, tab

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def session(browser: Browser) -> Iterator[Browsing]:
    context = browser.new_context()
    yield tab(context)
    context.close()


def visit(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".foot strong")).to_be_visible()


@pytest.mark.parametrize("typed", ["TOWN", "beta town", "Bêta", "betavlile", "BTU", "town untied"])
def test_a_team_is_found_by_any_name_city_or_initials_and_with_a_typing_error(address, session, typed):
    page = session.page
    visit(page, f"{address}/ratings")
    page.get_by_role("combobox", name="Find a team").fill(typed)
    page.get_by_role("option", name="Bêta Town United").click()
    page.wait_for_url("**/matches?team=beta")
    expect(page.locator("h1")).to_have_text("Bêta Town United")


def test_the_search_is_worked_by_keyboard_alone_and_more_than_once(address, session):
    page = session.page
    visit(page, f"{address}/ratings")
    field = page.get_by_role("combobox", name="Find a team")
    for _ in range(2):
        field.fill("alp")
        expect(page.get_by_role("option")).to_have_count(1)
        expect(field).to_have_attribute("aria-expanded", "true")
        field.press("ArrowDown")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Alpha")
        field.press("Enter")
        page.wait_for_url("**/matches?team=alpha")
        expect(page.get_by_role("option")).to_have_count(0)
        page.go_back()
        page.wait_for_url("**/ratings")
    field.fill("alp")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)


def test_enter_chooses_from_what_is_typed_not_from_an_older_list(address, session):
    page = session.page
    visit(page, f"{address}/ratings")
    field = page.get_by_role("combobox", name="Find a team")
    field.fill("alpha")
    expect(page.get_by_role("option")).to_have_count(1)
    field.fill("beta")
    field.press("Enter")
    page.wait_for_url("**/matches?team=beta")


def test_a_search_without_result_says_so_and_a_late_answer_does_not_come_back(address, session):
    page = session.page
    visit(page, f"{address}/matches")
    field = page.get_by_role("combobox", name="Find a team")
    field.fill("qqqq")
    expect(page.get_by_text("No team is called “qqqq”")).to_be_visible()
    field.press_sequentially("alpha")
    field.fill("")
    page.wait_for_timeout(500)
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_text("No team is called")).to_have_count(0)
