"""Data docs: a suite's result as one page of HTML that needs nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

FOREIGN = re.compile(
    r"<script\b[^>]*\bsrc=[^>]*>\s*</script>|<link\b[^>]*>|<img\b[^>]*>"
    r"|<script\b[^>]*>.*?</script>|<a\b[^>]*href=\"https?://[^>]*>.*?</a>|url\('https?://[^)]*\)",
    re.DOTALL | re.IGNORECASE,
)
"""What Great Expectations' page fetches from elsewhere (Bootstrap, jQuery, Vega, icons, its logo), and the scripts and
links that are dead without. The text is whole without them."""

GUARD = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
"""A club may be called ``<svg onload=...>``: nothing in the page runs, and nothing is fetched."""

STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }
table { border-collapse: collapse; margin: .5em 0 1.5em; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .3em .6em; text-align: left; vertical-align: top; }
.navbar, .ge-navigation-sidebar-container, .modal, button, footer { display: none; }
.fa-times:before { content: "✗ failed "; color: #c22; } .fa-check-circle:before { content: "✓ "; color: #282; }
@media (prefers-color-scheme: dark) { body { background: #151515; color: #ddd; } }
</style>"""


def write_page(
    path: Path, result: ExpectationSuiteValidationResult, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> Path:
    """Render ``result``, and the failing ``rows`` under ``columns`` below it, to ``path``: whole or not at all."""
    html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    html = FOREIGN.sub("", html)
    for mark, addition in (("<head>", f"<head>\n{GUARD}"), ("</head>", f"{STYLE}\n</head>")):
        html = html.replace(mark, addition, 1)
    if rows:
        html = html.replace("</body>", f"<h2>Failing examples</h2>\n{_table(columns, rows)}\n</body>", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(html, encoding="utf-8")
    return temporary.replace(path)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "\n".join(["<table>", line(columns, "th"), *(line(row, "td") for row in rows), "</table>"])
