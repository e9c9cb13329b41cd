"""Flows in a real browser: filter, open a match, follow, export, themes, narrow screens, an outage, and no stranger."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboards.pages import PAGES
from tests.support.axe import needs_axe, violations
from tests.support.browser import Browsing, chromium, needs_chromium, tab

pytestmark = needs_chromium
PATIENCE = 30_000
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of what was seen stay with the test's output."""
    return tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def screens(browser: Browser) -> dict[int, BrowserContext]:
    """By width, for tests that leave no cookie but the theme: what was loaded once is there."""
    return {width: browser.new_context(viewport={"width": width, "height": 900}) for width in (1440, 390)}


@pytest.fixture
def session(browser: Browser) -> Iterator[Browsing]:
    """A reader who was never here before."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    session = tab(context)
    yield session
    assert session.outside == []
    context.close()


def visit(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".foot strong")).to_be_visible(timeout=PATIENCE)


def width_beyond_screen(page: Page) -> int:
    return int(page.locator(".main-content").evaluate("box => box.scrollWidth - box.clientWidth"))


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("slug", PAGES)
def test_a_page_fits_asks_no_stranger_and_logs_no_error(address, shots, screens, slug, width):
    session = tab(screens[width])
    page, errors = session.page, []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    visit(page, f"{address}/{slug}")
    expect(page.locator("h1").first).to_be_visible()
    page.screenshot(path=shots / f"{slug}-{width}.png")
    assert width_beyond_screen(page) <= 0
    assert (errors, session.outside) == ([], [])
    expect(page).to_have_title(f"{PAGES[slug].title} · footpred")
    assert "log-loss 1.0056" in page.locator(".foot").inner_text()
    expect(page.locator(".banner")).to_contain_text("Simulated data")
    page.close()


def test_a_page_drawn_before_the_bridge_had_loaded_has_its_title(address, session):
    session.page.goto(f"{address}/healthz")
    title = session.page.evaluate(
        """async () => {
            const {render} = await import("/assets/router.js")
            render({model: {title: "Match", followed: [], on: () => {}}})
            return document.title
        }"""
    )
    assert title == "Match · footpred"


def test_a_page_being_drawn_is_told_and_its_end_too(address, session):
    visit(session.page, f"{address}/matches")
    link = session.page.locator("nav.nav a", has_text="Models")
    assert link.evaluate("link => { link.click(); return 'busy' in document.documentElement.dataset }")
    expect(session.page).to_have_title("Models · footpred")
    expect(session.page.locator("html[data-busy]")).to_have_count(0)
    assert not link.evaluate("link => { link.click(); return 'busy' in document.documentElement.dataset }")


@needs_axe
@pytest.mark.parametrize(("theme", "rules"), [("light", None), ("dark", ["color-contrast"])])
def test_no_page_has_a_serious_barrier(address, browser, theme, rules):
    context = browser.new_context()
    context.add_cookies([{"name": "fp_theme", "value": theme, "url": address}])
    page, found = context.new_page(), {}
    for slug in [*PAGES, "match?id=nasty-alpha"]:
        visit(page, f"{address}/{slug}")
        found[slug] = violations(page, rules)
    context.close()
    assert {slug: serious for slug, serious in found.items() if serious} == {}


def test_a_name_with_html_is_text_on_the_page(address, session):
    visit(session.page, f"{address}/matches")
    expect(session.page.get_by_text("<script>document.title='pwned'</script><b>Bold & Co</b>").first).to_be_visible()
    session.page.get_by_role("combobox", name="Find a team").fill("script")
    expect(session.page.get_by_role("option")).to_contain_text("<script>")
    expect(session.page).to_have_title("Matches · footpred")


def test_a_filter_is_in_the_address_and_back_undoes_it(address, session):
    page = session.page
    visit(page, f"{address}/matches")
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("menuitem", name="Played").click()
    page.wait_for_url("**/matches?show=played")
    expect(page.locator("table a")).to_have_count(6)
    page.go_back()
    page.wait_for_url("**/matches")
    expect(page.locator("table a")).to_have_count(2)
    expect(page.get_by_role("combobox", name="Show")).to_have_text("Automatic")


def test_an_address_restores_what_was_chosen(address, session):
    visit(session.page, f"{address}/matches?league=E0&show=played")
    expect(session.page.get_by_role("combobox", name="Show")).to_have_text("Played")
    expect(session.page.get_by_role("combobox", name="League")).to_have_text("England · Premier League")
    expect(session.page.locator("table a")).to_have_count(6)


def test_a_match_opens_in_place_and_its_team_can_be_followed(address, session):
    page = session.page
    visit(page, f"{address}/matches")
    page.evaluate("window.same = true")
    page.locator("table a", has_text="Alpha").click()
    page.wait_for_url("**/match?id=nasty-alpha")
    expect(page.get_by_text("What speaks for whom?")).to_be_visible()
    page.get_by_role("button", name="☆ Follow").last.click()
    expect(page.get_by_role("button", name="★ Following")).to_be_visible()
    page.locator("nav.nav a", has_text="Matches").click()
    expect(page.locator("table a", has_text="★")).to_have_count(1)
    assert page.evaluate("window.same") is True
    visit(page, f"{address}/matches?mine=1")
    expect(page.locator("table a")).to_have_count(1)


def test_what_is_shown_can_be_downloaded(address, session):
    visit(session.page, f"{address}/matches?show=played")
    with session.page.expect_download() as download:
        session.page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "footpred-matches.csv"
    assert len(Path(download.value.path()).read_text().splitlines()) == 7


def test_dark_is_chosen_once_and_stays(address, session, shots):
    page = session.page
    visit(page, f"{address}/matches")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 248)"
    page.get_by_label("Toggle theme").click()
    page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(15, 20, 26)'")
    visit(page, f"{address}/league")
    page.screenshot(path=shots / "league-dark.png")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 26)"
    expect(page.locator(".mui-dark").first).to_be_visible()


def test_the_keyboard_reaches_every_page_and_its_links(address, session):
    page = session.page
    visit(page, f"{address}/matches")
    page.locator("nav.nav a", has_text="Live scores").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/league")
    expect(page.locator("h1")).to_have_text(re.compile("Premier League"))


@contextmanager
def outage(url: str) -> Iterator[None]:
    """Nobody gets a connection to this database."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        allow = f'alter database "{name}" with allow_connections '
        connection.execute(allow + "false")
        try:
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            yield
        finally:
            connection.execute(allow + "true")


def test_an_outage_is_told_and_ends_by_itself(address, world_url, session, shots):
    page = session.page
    visit(page, f"{address}/matches")
    with outage(world_url):
        time.sleep(0.5)
        page.locator("nav.nav a", has_text="League").click()
        expect(page.get_by_role("alert")).to_contain_text("The database does not answer", timeout=PATIENCE)
        page.screenshot(path=shots / "outage.png")
    expect(page.locator("h1")).to_have_text(re.compile("Premier League"), timeout=PATIENCE)


ALONE = """
import asyncio, gc, sys, threading, time
from pathlib import Path
from bokeh.document import Document
from dashboards.app import serve
from dashboards.reader import Reader
from dashboards.shell import Session
from footpred_dagster.core.settings import Settings
from tests.support.browser import browsing

def sessions():
    return sum(type(thing) is Session for thing in gc.get_objects())

def run():
    asyncio.set_event_loop(asyncio.new_event_loop())
    quick = dict(unused_session_lifetime_milliseconds=500, check_unused_sessions_milliseconds=200)
    server = serve(Reader(lambda: sys.argv[1]), Settings(home=Path(sys.argv[2])), 0, **quick)
    server.start()
    started.append(server.port)
    server.io_loop.start()

def add(document, change, added=Document.add_next_tick_callback):
    writers.add(threading.current_thread())
    return added(document, change)

started, writers = [], set()
Document.add_next_tick_callback = add
loop = threading.Thread(target=run, daemon=True)
loop.start()
while not started:
    time.sleep(0.1)
seen = 0
with browsing() as session:
    for slug in ("matches", "ratings", "track-record"):
        session.page.goto(f"http://127.0.0.1:{started[0]}/{slug}")
        session.page.locator(".foot strong").wait_for()
        seen = max(seen, sessions())
deadline = time.monotonic() + 20
while sessions() and time.monotonic() < deadline:
    time.sleep(0.5)
    gc.collect()
print(seen, sessions(), len(writers - {loop}), loop in writers)
"""


def test_a_closed_tab_leaves_nothing_behind_and_only_the_loop_writes_to_it(world_url, tmp_path):
    """Forbids a page that something of the whole process holds on to; in an interpreter that nobody else uses."""
    command = [sys.executable, "-c", ALONE, world_url, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    seen, left, strangers, written = result.stdout.split()
    assert (seen != "0", left) == (True, "0")
    assert (strangers, written) == ("0", "True")
