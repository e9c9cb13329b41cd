"""axe-core, which finds barriers in a page: its script comes in a package that is only needed for that."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

PACKAGE = "axe_playwright_python"


def _script() -> str | None:
    found = find_spec(PACKAGE)
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8") if found and found.origin else None


AXE = _script()
needs_axe = pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed")


def violations(page: Page, rules: list[str] | None = None) -> list[tuple[str, str, Any]]:
    """(impact, rule, first place) of what is critical or serious on the page as it stands, by all rules or some."""
    page.evaluate(AXE)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    serious = [each for each in found if each["impact"] in ("critical", "serious")]
    return [(each["impact"], each["id"], each["nodes"][0]["html"]) for each in serious]
