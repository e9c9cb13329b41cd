"""No element covers another, at any width, in Chromium and Firefox; the footer ends each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.pages import PAGES
from tests.support import firefox, layout
from tests.support.browser import chromium, needs_chromium, tab

SIZES = [(390, 844), (768, 900), (1440, 900), (844, 390)]
"""Width and height; the last is a telephone on its side, shorter than any page."""
ADDRESSES = [*PAGES, "match?id=nasty-alpha", "match?id=alpha-nasty", "matches?team=beta", "matches?show=played"]
COVERS = pytest.mark.fault(70, "every page at 390, 768, 1440 px: no element covers another")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


RESIZED = "() => new Promise(done => setTimeout(() => requestAnimationFrame(() => done(true)), 250))"
"""Charts follow a new width a moment later."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield tab(context).page
    context.close()


def settled(page: Page) -> None:
    expect(page.locator(".foot strong")).to_be_visible()
    expect(page.locator("html[data-busy]")).to_have_count(0)
    expect(page.locator("h1").first).to_be_attached()


def measured(page: Page) -> dict[str, Any]:
    """Faults by size, of those that have any; and how far the page could be scrolled in the smallest window."""
    found, scrolled = {}, 0
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(RESIZED)
        seen = page.evaluate(layout.MEASURE)
        scrolled = max(scrolled, seen["scrolled"])
        if faults := layout.faults(seen):
            found[width, height] = faults
    assert scrolled > 0, "the page fits every window: nothing was measured"
    return found


@COVERS
@needs_chromium
def test_no_element_covers_another_and_the_footer_ends_the_page(address, page):
    found = {}
    for where in ADDRESSES:
        page.goto(f"{address}/{where}")
        settled(page)
        found[where] = measured(page)
    assert {where: faults for where, faults in found.items() if faults} == {}


@COVERS
@needs_chromium
def test_it_is_so_after_links_within_the_page_too(address, page):
    found = {}
    page.goto(f"{address}/matches")
    settled(page)
    for slug in [slug for slug in PAGES if slug not in ("matches", "match")]:
        page.locator(f'nav.nav a[href="/{slug}"]').evaluate("link => link.click()")
        page.wait_for_url(f"**/{slug}")
        expect(page).to_have_title(f"{PAGES[slug].title} · footpred")
        settled(page)
        found[slug] = measured(page)
    assert {slug: faults for slug, faults in found.items() if faults} == {}


@COVERS
@pytest.mark.slow
@firefox.needs_firefox
def test_it_is_so_in_firefox(address, tmp_path):
    found = {}
    with firefox.session(tmp_path) as session:
        for where in ADDRESSES:
            session.visit(f"{address}/{where}")
            session.wait_for(firefox.DRAWN)
            for width, height in SIZES:
                session.resize(width, height)
                session.evaluate(RESIZED)
                found[where, width] = layout.faults(session.evaluate(layout.MEASURE))
    assert {where: faults for where, faults in found.items() if faults} == {}
