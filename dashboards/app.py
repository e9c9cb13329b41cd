"""The server: one function per page, CSV exports, a health path. Everything comes from this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import panel as pn
import panel_material_ui as pmui
from tornado.web import RedirectHandler, RequestHandler

from dashboards.exports import ExportHandler
from dashboards.pages import EXPORTS, PAGES
from dashboards.reader import Reader
from dashboards.shell import Session
from dashboards.theme import STATIC
from footpred_dagster.core.settings import Settings

THREADS = 4
SESSION_MS = {"unused_session_lifetime_milliseconds": 10_000, "check_unused_sessions_milliseconds": 2_000}


class HealthHandler(RequestHandler):
    """Answers while the process lives: that the database is down is for the pages to say."""

    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish('{"status": "ok"}')

    head = get


class HomeHandler(RedirectHandler):
    head = RedirectHandler.get


def opener(reader: Reader, settings: Settings, slug: str, pool: ThreadPoolExecutor) -> Callable[[], pmui.Page]:
    return lambda: Session(reader, settings, PAGES, slug, pool).open()


def serve(
    reader: Reader,
    settings: Settings,
    port: int,
    address: str = "127.0.0.1",
    origins: Sequence[str] = (),
    **options: Any,
) -> Any:
    """The server of all pages, not started. Websockets are opened from ``origins`` (host:port) and loopback only."""
    pn.io.server.DocHandler.head = pn.io.server.DocHandler.get  # Tornado sends no body to a HEAD; Bokeh refuses it
    pool = ThreadPoolExecutor(THREADS, "draws")  # a slow query of one reader holds up nobody else
    pages: dict[str, Any] = {slug: opener(reader, settings, slug, pool) for slug in PAGES}
    return pn.io.server.get_server(
        pages,
        port=port,
        address=address,
        websocket_origin=[*(f"{host}:{port}" for host in ("127.0.0.1", "localhost")), *origins],
        title={slug: f"{page.title} · footpred" for slug, page in PAGES.items()},
        static_dirs={"assets": str(STATIC)},
        extra_patterns=[
            (r"/?", HomeHandler, {"url": "/matches", "permanent": False}),
            (r"/healthz", HealthHandler),
            (r"/export/([a-z-]+)\.csv", ExportHandler, {"reader": reader, "exports": EXPORTS}),
        ],
        **SESSION_MS | options,
    )
