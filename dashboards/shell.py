"""The frame around every page, and one session in it: reads the address, draws the page, says what went wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from itertools import groupby
from urllib.parse import parse_qsl, urlsplit

import panel as pn
import panel_material_ui as pmui
import psycopg
from markupsafe import Markup
from panel.util import edit_readonly
from panel.viewable import Viewable

from dashboards import html, theme
from dashboards.data import health
from dashboards.data.models import honest_number
from dashboards.data.teams import teams
from dashboards.links import Links
from dashboards.reader import DatabaseDown, Reader
from dashboards.router import Router
from dashboards.view import Page, Part, View, pane
from footpred_dagster.core.settings import Settings

log = logging.getLogger(__name__)
MOST_FOLLOWED = 50
RETRY_MS = 5000
DOCUMENT = """{% extends "base.html" %}
{% block css_resources %}<script src="/assets/theme.js"></script>{{ super() }}{% endblock %}"""
DISCLAIMER = "Probabilities, not advice: nothing here is a tip, and betting on it loses money."


class Session:
    """One reader at one browser tab. ``pages`` by slug; ``slug`` is where the tab was opened."""

    def __init__(self, reader: Reader, settings: Settings, pages: Mapping[str, Page], slug: str) -> None:
        self._reader, self._settings, self._pages = reader, settings, pages
        self._turn = threading.Lock()
        self._drawn: str | None = None
        self._chosen: str | None = None
        arguments = {name: values[0].decode("utf-8", "replace") for name, values in pn.state.session_args.items()}
        followed = pn.state.cookies.get("fp_follow", "").replace("%2C", ",").split(",")
        dark = pn.state.cookies.get("fp_theme") == "dark"
        self._router = Router(
            url=html.address(slug, arguments), followed=[team for team in followed if team][:MOST_FOLLOWED], dark=dark
        )
        self._nav = pane(self._links(slug))
        self._search = pmui.AutocompleteInput(
            label="Find a team",
            options={},
            min_characters=2,
            case_sensitive=False,
            search_strategy="includes",
            size="small",
            margin=(4, 0),
            restrict=True,
            sizing_mode="stretch_width",
            styles={"flex": "1 1 240px", "max-width": "360px"},
        )
        self._controls = pn.FlexBox(align_items="center", sizing_mode="stretch_width", margin=0)
        self._body = pn.Column(pane(html.empty("Loading …")), sizing_mode="stretch_width", margin=(0, 0, 24, 0))
        self._foot = pane(Markup('<footer class="foot"><p>{}</p></footer>').format(DISCLAIMER))
        top = pn.FlexBox(
            self._nav, self._search, align_items="center", sizing_mode="stretch_width", margin=(0, 0, 8, 0)
        )
        self._nav.styles = {"flex": "1 1 320px", "min-width": "0"}
        frame = pn.Column(
            top, self._controls, self._body, self._foot, self._router, sizing_mode="stretch_width", margin=(8, 16)
        )
        self.page = pmui.Page(
            title="footpred",
            meta_title="footpred",
            main=[frame],
            main_width=1240,
            site_url="/matches",
            dark_theme=dark,
            theme_config=theme.MATERIAL,
            sx=theme.BAR,
            raw_css=[theme.document_css()],
            template=DOCUMENT,
        )
        unbind_busy(self.page)
        self._router.link(self.page, dark="dark_theme", bidirectional=True)
        self._router.param.watch(lambda _: self.draw(), ["url", "followed"])
        self._search.param.watch(self._found, "value")

    def draw(self) -> None:
        """The page at the router's address: whole when it is another page, else its content alone."""
        with self._turn:
            self._busy(True)
            parts = urlsplit(self._router.url)
            page = self._pages.get(parts.path.strip("/"), self._pages["matches"])
            view = self._view(page, dict(parse_qsl(parts.query)))
            try:
                self._foot.object = pane(footer(self._reader)).object
                if not self._search.options:
                    found = teams(self._reader)
                    self._search.options = {f"{row['name']} · {row['league_name']}": row["team_id"] for row in found}
                if self._drawn != page.slug or self._chosen != self._router.url:  # not by these very controls
                    self._controls.objects = page.controls(view)
                drawn: list[Part] = page.content(view)
                if health.simulated(self._reader):
                    drawn.insert(0, SIMULATED)
                self._drawn = page.slug
            except DatabaseDown:
                drawn = [DOWN]
                self._drawn = None
                pn.state.add_periodic_callback(self.draw, period=RETRY_MS, count=1)
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
                drawn = [UNBUILT]
            except Exception:
                log.exception("page %s failed", page.slug)
                drawn = [FAILED]
            self._body.objects = assembled(drawn)
            self._nav.object = pane(self._links(page.slug)).object
            self._router.title = page.title
            self._busy(False)

    def _busy(self, busy: bool) -> None:
        with edit_readonly(self.page):
            self.page.busy = busy

    def _view(self, page: Page, query: dict[str, str]) -> View:
        def change(**changed: str) -> None:
            # What was chosen on this page so far, and from its first screenful.
            now = dict(parse_qsl(urlsplit(self._router.url).query)) | changed
            now.pop("page", None)
            self._chosen = html.address(page.slug, now)
            self._router.url = self._chosen

        return View(self._reader, query, tuple(self._router.followed), Links.of(self._settings), change)

    def _found(self, event: object) -> None:
        if team := self._search.value:
            self._search.value = None
            self._router.url = html.address("matches", {"team": team})

    def _links(self, slug: str) -> Markup:
        current = {"match": "matches"}.get(slug, slug)
        anchors = html.join(
            Markup('<a data-nav href="/{}"{}>{}</a>').format(
                page.slug, Markup(' aria-current="page"') if page.slug == current else "", page.title
            )
            for page in self._pages.values()
            if page.slug != "match"
        )
        return Markup('<nav class="nav" aria-label="Pages">{}</nav>').format(anchors)


def unbind_busy(page: pmui.Page) -> None:
    """By itself a page follows the busy state of the process, which then holds on to every page there ever was."""
    for watcher in list(pn.state.param.watchers.get("busy", {}).get("value", [])):
        if getattr(getattr(watcher.fn, "__self__", None), "self", None) is page:
            pn.state.param.unwatch(watcher)


def assembled(parts: list[Part]) -> list[Viewable]:
    """Neighbouring pieces of HTML share one pane: each costs a shadow root."""
    components: list[Viewable] = []
    for written, run in groupby(parts, key=lambda part: isinstance(part, Markup)):
        if written:
            components.append(pane(html.join(run)))
        else:
            components += run
    for component in components:
        component.margin = (0, 0, 16, 0)
    return components


def footer(reader: Reader) -> Markup:
    number = honest_number(reader) or "no model has been evaluated yet."
    return Markup('<footer class="foot"><p><strong>The honest number:</strong> {}</p><p>{}</p></footer>').format(
        number, DISCLAIMER
    )


SIMULATED = Markup(
    '<div class="banner"><strong>Simulated data.</strong> Leagues, clubs, results and odds here are made up.</div>'
)
DOWN = Markup(
    '<div class="empty error" role="alert"><strong>The database does not answer</strong>'
    "<p>This page comes back by itself once it does; it is tried again every five seconds.</p></div>"
)
UNBUILT = html.empty("Nothing has been built yet", "Run `footpred run`, or `make demo` for simulated leagues.")
FAILED = Markup(
    '<div class="empty error" role="alert"><strong>This page could not be drawn</strong>'
    "<p>The server's log says why. Other pages may work.</p></div>"
)
