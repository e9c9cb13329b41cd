"""The system's Chromium, driven by Playwright; it asks nobody but this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: install your system's package")


@dataclass
class Browsing:
    page: Page
    outside: list[str] = field(default_factory=list)
    """Requests that left this machine."""


@contextmanager
def browsing(width: int = 1440, height: int = 900) -> Iterator[Browsing]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        session = Browsing(browser.new_page(viewport={"width": width, "height": height}))
        local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
        session.page.on(
            "request", lambda request: None if request.url.startswith(local) else session.outside.append(request.url)
        )
        try:
            yield session
        finally:
            browser.close()
