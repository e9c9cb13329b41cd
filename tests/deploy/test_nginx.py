"""The proxies as they run: a real nginx with the files of deploy/nginx, their addresses moved to loopback."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy import check
from serving.controllers.tasks import MAX_BODY
from serving.http.errors import TYPES
from serving.http.protocol import HEAD_BYTES
from tests.support.nginx import FOLDER, needs_nginx, proxy
from tests.support.processes import free_port

pytestmark = needs_nginx


class Server(ThreadingHTTPServer):
    """``last_words``: while it ends, what it sends instead of an answer before it closes the connection."""

    last_words: bytes | None = None


class Upstream(BaseHTTPRequestHandler):
    """Tells what arrived; slow at /slow, refuses at /refused, and switches protocols where asked."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.last_words is not None:
            self.wfile.write(self.server.last_words)
            self.close_connection = True
            return
        if self.path == "/slow":
            time.sleep(3)
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Connection", "upgrade")
            self.send_header("Upgrade", "websocket")
            self.end_headers()
            return
        body = json.dumps({"port": self.server.server_address[1], **self.headers}).encode()
        self.send_response(409 if self.path == "/refused" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def upstream(port: int) -> Iterator[Server]:
    server = Server(("127.0.0.1", port), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Ports of the proxy and of what is behind it; time limits and the rate are a tenth."""
    front, behind = free_port(), free_port()
    moved = {"listen 8080": f"listen 127.0.0.1:{front}", "api:8000": f"127.0.0.1:{behind}"}
    moved |= {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 10s": "client_body_timeout 1s",
    }
    moved |= {"proxy_read_timeout 65s": "proxy_read_timeout 1s", "rate=10r/s": "rate=1r/s"}
    with proxy("nginx.conf", tmp_path_factory.mktemp("nginx"), moved, front):
        yield front, behind


def ask(port: int, path: str = "/", body: bytes | None = None, **headers: str) -> tuple[int, dict[str, object], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST" if body is not None else "GET", path, body, headers)
        answer = connection.getresponse()
        kind = str(answer.headers["Content-Type"])
        return answer.status, json.loads(answer.read()) if "json" in kind else {}, kind
    finally:
        connection.close()


def sent(port: int, raw: bytes) -> tuple[int, dict[str, object]]:
    """The answer to a request that is not complete, or no HTTP at all."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())


def is_problem(status: int, told: dict[str, object], slug: str | None) -> None:
    """``slug``: of the service's types."""
    assert told["status"] == status
    assert {"title", "detail", "request_id"} <= set(told)
    assert told["type"] == (f"urn:footpred:problem:{slug}" if slug else "about:blank")
    if slug:
        assert TYPES[slug][0] == status


def test_its_limits_are_the_services_and_its_errors_problem_details(service):
    front, behind = service
    assert (MAX_BODY, HEAD_BYTES) == (8 * 2**20, 32 * 2**10)
    status, told, kind = ask(front)
    assert (status, kind) == (502, "application/problem+json")
    is_problem(status, told, None)
    with upstream(behind):
        assert ask(front, body=b"x" * MAX_BODY)[0] == 200
        for slug, answer in {
            "body-too-large": ask(front, body=b"x" * (MAX_BODY + 1)),
            "head-too-large": ask(front, **{"X-Long": "x" * HEAD_BYTES}),
        }.items():
            is_problem(answer[0], answer[1], slug)
        is_problem(*ask(front, "/" + "x" * HEAD_BYTES)[:2], "head-too-large")
        assert ask(front, **{"X-Long": "x" * 30_000})[0] == 200
        with pytest.raises(http.client.RemoteDisconnected):  # nginx closes without an answer
            sent(front, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
        is_problem(*sent(front, b"GET / HTTP/1.1\r\nHost: x y\r\nHost: z\r\n\r\n"), "malformed-http")
        is_problem(*ask(front, "/slow")[:2], None)
        assert ask(front, "/refused")[::2] == (409, "application/json")


def test_an_address_that_asks_too_much_is_told_so(service):
    front, behind = service
    with upstream(behind):
        answers = [ask(front) for _ in range(60)]
    refused = [answer for answer in answers if answer[0] != 200]
    assert refused
    is_problem(*refused[0][:2], "too-many-requests")


# A server that closes says so: else nginx may keep the connection and lose a later request on it.
CLOSING = b"HTTP/1.1 503 -\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("last_words", [b"", CLOSING], ids=["none", "503"])
def test_callers_do_not_notice_services_that_are_restarted_one_after_the_other(tmp_path, last_words):
    front, first, second = free_port(), free_port(), free_port()
    (options,) = re.findall(r"server api:8000(.*?);", (FOLDER / "nginx.conf").read_text())
    both = "".join(f"server 127.0.0.1:{port}{options};" for port in (first, second))
    moved = {"listen 8080": f"listen 127.0.0.1:{front}", f"server api:8000{options};": both}
    with (
        upstream(first) as one,
        upstream(second) as other,
        proxy("nginx.conf", tmp_path, moved, front),
    ):
        for ends, stays in ((one, other), (other, one)):
            ends.last_words, stays.last_words = last_words, None
            answers = [ask(front, path, body) for path, body in [("/predict/m1", None), ("/predict/", b"{}")] * 4]
            assert {(status, told.get("port")) for status, told, _ in answers} == {(200, stays.server_address[1])}
            # What may have begun a task is not sent to another service.
            assert {ask(front, "/predict/async/", b"{}")[0] for _ in range(4)} == {200, 503 if last_words else 502}


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, int]]]:
    """Of each page the ports of the proxy and of what is behind; passwords as ``make secrets`` makes them."""
    folder = tmp_path_factory.mktemp("login")
    subprocess.run([check.ROOT / "deploy/docker/secrets.sh", folder / "secrets"], check=True)
    text = (FOLDER / "login.conf").read_text()
    found = re.findall(r"listen (\d+);.*?proxy_pass http://([\w-]+):(\d+);", text, re.DOTALL)
    pages = {name: (free_port(), free_port()) for _, name, _ in found}
    moved = {"/run/secrets/": f"{folder}/secrets/"}
    for listens, name, port in found:
        moved |= {f"listen {listens}": f"listen 127.0.0.1:{pages[name][0]}"}
        moved |= {f"http://{name}:{port}": f"http://127.0.0.1:{pages[name][1]}"}
    with proxy("login.conf", folder, moved, pages["mlflow"][0]):
        yield {"folder": folder, **pages}


def authorization(login: dict, user: str) -> dict[str, str]:
    lines = (login["folder"] / f"secrets/{user}s.htpasswd").read_text().splitlines()
    password = next(line.partition("{PLAIN}")[2] for line in lines if line.startswith(user))
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("page", ["webserver", "webserver-viewer", "mlflow", "dashboard"])
def test_a_login_opens_what_it_is_for(login, page):
    front, behind = login[page]
    viewers_may = page in ("webserver-viewer", "dashboard")
    wrong = {"Authorization": "Basic " + base64.b64encode(b"operator:x").decode()}
    with upstream(behind):
        assert ask(front)[0] == ask(front, **wrong)[0] == 401
        assert ask(front, **authorization(login, "viewer"))[0] == (200 if viewers_may else 401)
        status, told, _ = ask(front, Host="page.example.org:8443", **authorization(login, "operator"))
        assert (status, told["Host"]) == (200, "page.example.org:8443")
        assert "Authorization" not in told
        switch = {"Upgrade": "websocket", "Connection": "upgrade"} | authorization(login, "operator")
        assert ask(front, **switch)[0] == 101
