"""The frame around every page, and one session in it: reads the address, draws the page, says what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import panel as pn
import panel_material_ui as pmui
import psycopg
from markupsafe import Markup
from panel.viewable import Viewable
from tornado.ioloop import IOLoop

from dashboards import html, theme
from dashboards.components.cards import pane
from dashboards.data import health, teams
from dashboards.data.models import honest_number
from dashboards.links import Links
from dashboards.reader import DatabaseDown, Reader
from dashboards.router import Router
from dashboards.search import TeamSearch
from dashboards.view import Page, Part, View
from footpred_dagster.core.settings import Settings

log = logging.getLogger(__name__)
MOST_FOLLOWED = 50
MOST_FOUND = 12
RETRY_MS = 5000
FIRST_SECONDS = 0.3
"""How long a new tab holds up the others for its first page: without it that page would be one round trip later."""
DOCUMENT = """{% extends "base.html" %}
{% block css_resources %}<script src="/assets/theme.js"></script>{{ super() }}{% endblock %}"""
DISCLAIMER = "Probabilities, not advice: nothing here is a tip, and betting on it loses money."


@dataclass(slots=True)
class Drawing:
    """A page as it is to be shown. ``controls``: None leaves those that are there; ``again``: try again soon."""

    page: Page
    content: list[Part] = field(default_factory=list)
    controls: list[Viewable] | None = None
    foot: Markup | None = None
    again: bool = False


class Session:
    """One reader at one browser tab. ``pages`` by slug; ``slug`` is where the tab was opened; ``pool`` draws."""

    def __init__(
        self, reader: Reader, settings: Settings, pages: Mapping[str, Page], slug: str, pool: ThreadPoolExecutor
    ) -> None:
        self._reader, self._settings, self._pages, self._pool = reader, settings, pages, pool
        assert pn.state.curdoc is not None  # a session has one
        self._document, self._loop = pn.state.curdoc, IOLoop.current()
        self._awaited: Future[Drawing] | None = None
        self._drawn: str | None = None
        self._chosen: str | None = None
        arguments = {name: values[0].decode("utf-8", "replace") for name, values in pn.state.session_args.items()}
        followed = pn.state.cookies.get("fp_follow", "").replace("%2C", ",").split(",")
        dark = pn.state.cookies.get("fp_theme") == "dark"
        self._router = Router(
            url=html.address(slug, arguments), followed=[team for team in followed if team][:MOST_FOLLOWED], dark=dark
        )
        self._nav = pane(self._links(slug))
        self._search = TeamSearch(
            margin=(4, 0), sizing_mode="stretch_width", styles={"flex": "1 1 240px", "max-width": "360px"}
        )
        whole: dict[str, Any] = {"sizing_mode": "stretch_width", "stylesheets": [theme.WHOLE]}
        self._controls = pn.FlexBox(align_items="center", margin=0, **whole)
        self._body = pn.Column(pane(html.empty("Loading …")), margin=(0, 0, 24, 0), **whole)
        self._foot = pane(Markup('<footer class="foot"><p>{}</p></footer>').format(DISCLAIMER))
        top = pn.FlexBox(self._nav, self._search, align_items="center", margin=(0, 0, 8, 0), **whole)
        self._nav.styles = {"flex": "1 1 320px", "min-width": "0"}
        frame = pn.Column(top, self._controls, self._body, self._foot, self._router, margin=(8, 16), **whole)
        self.page = pmui.Page(
            title="footpred",
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
        self._search.param.watch(self._asked, "asked")
        self._search.param.watch(self._chose, "chosen")

    def open(self) -> pmui.Page:
        """The page with its content in it; where that takes long an empty frame, and the content follows."""
        self._show(self.draw(), FIRST_SECONDS)
        return self.page

    def draw(self) -> Future[Drawing]:
        """Draw the page at the router's address beside the loop, which shows it unless another was asked for since."""
        drawing = self._awaited = self._pool.submit(self._drawing, self._router.url)
        drawing.add_done_callback(lambda done: self._next(partial(self._show, done)))
        return drawing

    def _next(self, change: Callable[[], None]) -> None:
        """Change this document from a thread beside the loop.

        By way of the loop: Bokeh and Panel keep the current document and the events held back in lists that all
        threads share, so a thread of its own could lose an event or write into the document of another reader.
        """
        self._loop.add_callback(self._document.add_next_tick_callback, change)

    def _drawing(self, url: str) -> Drawing:
        """Everything that takes time, and nothing that changes what is on the screen."""
        parts = urlsplit(url)
        page = self._pages.get(parts.path.strip("/"), self._pages["matches"])
        view = self._view(page, dict(parse_qsl(parts.query)))
        drawing = Drawing(page)
        try:
            drawing.foot = footer(self._reader)
            if self._drawn != page.slug or self._chosen != url:  # not by these very controls
                drawing.controls = page.controls(view)
            drawing.content = page.content(view)
            if health.simulated(self._reader):
                drawing.content.insert(0, SIMULATED)
        except DatabaseDown:
            drawing.content, drawing.again = [DOWN], True
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            drawing.content = [UNBUILT]
        except Exception:
            log.exception("page %s failed", page.slug)
            drawing.content = [FAILED]
        return drawing

    def _show(self, drawing: Future[Drawing], seconds: float = 0) -> None:
        """Whole when it is another page, else its content alone; once, and all of it in one message."""
        wait([drawing], seconds)
        if drawing is not self._awaited or not drawing.done():
            return
        self._awaited, drawn = None, drawing.result()
        with pn.io.hold(self._document, freeze=True):
            if drawn.foot:
                self._foot.object = pane(drawn.foot).object
            if drawn.controls is not None:
                self._controls.objects = drawn.controls
            self._body.objects = assembled(drawn.content)
            self._nav.object = pane(self._links(drawn.page.slug)).object
            self._router.title = drawn.page.title
            self._router.drawn += 1
        self._drawn = None if drawn.again else drawn.page.slug
        if drawn.again:
            pn.state.add_periodic_callback(self._draw_again, period=RETRY_MS, count=1)

    def _draw_again(self) -> None:
        self.draw()

    def _view(self, page: Page, query: dict[str, str]) -> View:
        def change(**changed: str) -> None:
            # What was chosen on this page so far, and from its first screenful.
            now = dict(parse_qsl(urlsplit(self._router.url).query)) | changed
            now.pop("page", None)
            self._chosen = html.address(page.slug, now)
            self._router.url = self._chosen

        return View(self._reader, query, tuple(self._router.followed), Links.of(self._settings), change)

    def _asked(self, event: Any) -> None:
        """Search beside the loop. The answer has the number of its question, by which the browser drops late ones."""
        found = self._pool.submit(self._matching, event.new["text"])

        def show(done: Future[list[dict[str, str]]]) -> None:
            self._search.param.update(results={"number": event.new["number"], "rows": done.result()})

        found.add_done_callback(lambda done: self._next(partial(show, done)))

    def _matching(self, text: str) -> list[dict[str, str]]:
        """Teams to choose from; none while the database does not answer or nothing is built."""
        try:
            return teams.matching(self._reader, text, MOST_FOUND)
        except (DatabaseDown, psycopg.Error):
            return []

    def _chose(self, event: Any) -> None:
        self._router.url = html.address("matches", {"team": event.new["team"]})

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
            components.append(pane(html.join(part for part in run if isinstance(part, Markup))))
        else:
            components += (part for part in run if not isinstance(part, Markup))
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
