"""The system's Chromium, driven by Playwright; it asks nobody but this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
expect.set_options(timeout=30_000)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: install your system's package")


@dataclass
class Browsing:
    page: Page
    outside: list[str] = field(default_factory=list)
    """Requests that left this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser for many tabs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def tab(context: BrowserContext) -> Browsing:
    """A new page that writes down what it asks of other machines."""
    session = Browsing(context.new_page())
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    session.page.on(
        "request", lambda request: None if request.url.startswith(local) else session.outside.append(request.url)
    )
    return session


@contextmanager
def browsing(width: int = 1440, height: int = 900) -> Iterator[Browsing]:
    """A tab of a browser of its own."""
    with chromium() as browser:
        yield tab(browser.new_context(viewport={"width": width, "height": height}))
