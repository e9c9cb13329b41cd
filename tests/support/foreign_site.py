"""A page of another site in a real browser, and what it can try against Dagster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ATTACK = """
async ([dagster, query, json]) => {
    const url = `${dagster}/graphql?${query}`, outcomes = {}
    const attempt = async (name, act) => { outcomes[name] = await act().catch(error => error.name) }
    const type = kind => ({"Content-Type": kind})
    await attempt("image", () => new Promise(done => {
        const image = new Image()
        image.onload = () => done("loaded"), image.onerror = () => done("refused"), image.src = url
    }))
    await attempt("no-cors get", async () => (await fetch(url, {mode: "no-cors"})).type)
    await attempt("no-cors post", async () => (await fetch(url, {
        mode: "no-cors", method: "POST", body: json, headers: type("text/plain")})).type)
    await attempt("json", () => fetch(url, {method: "POST", body: json, headers: type("application/json")}))
    await attempt("read", () => fetch(`${dagster}/graphql?query={__typename}`))
    await attempt("beacon", async () => navigator.sendBeacon(url, json))
    await attempt("form", () => new Promise(done => {
        const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), {name: "target"}))
        const form = document.body.appendChild(document.createElement("form"))
        Object.assign(form, {action: url, method: "post", target: "target", enctype: "text/plain"})
        frame.onload = () => done("answered")
        form.submit()
    }))
    await attempt("websocket", () => new Promise(done => {
        const socket = new WebSocket(`${dagster.replace("http", "ws")}/graphql`, "graphql-ws")
        socket.onopen = () => done("opened"), socket.onerror = () => done("refused")
    }))
    return outcomes
}
"""
"""Every way in which a page can send a mutation without leave: arguments are Dagster's address, the mutation as a query
string and as JSON; returns the outcome of each as the page sees it."""


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<body></body>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def foreign_site() -> Iterator[str]:
    """Address of a site with one empty page; to a browser another site than 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
