"""HTTP server for the metrics of a process, and for the liveness of one that serves nothing else.

One thread reads requests and two render, however many connections are open, and each connection is limited in time and
bytes: ``prometheus_client.start_http_server`` keeps a thread for every connection until its client closes it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

METRICS, HEALTH = "/metrics", "/healthcheck/"
HEAD_BYTES = 8192
HEAD_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""To render and to send: the pipeline's metrics may wait for its database."""
MAX_CONNECTIONS = 200
"""One more closes the oldest whose request is incomplete."""
RENDERERS = 2


class MetricsServer:
    """Listens once constructed; ``close`` ends it. ``port`` 0 takes a free one. Raises OSError when the port is taken.

    ``problem`` says why the process does not do its work: HEALTH answers 503 with that, 200 for None. It is called in
    the thread of the server and must not block; so liveness is answered also when the main thread hangs.
    """

    def __init__(
        self,
        host: str,
        port: int,
        problem: Callable[[], str | None] = lambda: None,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._problem = problem
        self._metrics = make_wsgi_app(registry)
        self._incomplete: dict[asyncio.Task[None], bool] = {}
        """Of every open connection, the oldest first."""
        self._listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = self._listener.getsockname()[1]
        self._renderers = ThreadPoolExecutor(RENDERERS, thread_name_prefix="metrics-renderer")
        self._loop, self._closing = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._renderers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._listener, limit=HEAD_BYTES, backlog=256)
        await self._closing.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._make_room()
        self._incomplete[task] = True
        writer.transport.set_write_buffer_limits(0)  # so that drain returns when all is sent
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await _request(reader)
            self._incomplete[task] = False
            async with asyncio.timeout(ANSWER_SECONDS):
                writer.write(await self._answer(request))
                await writer.drain()
            writer.close()
        except (TimeoutError, OSError, EOFError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._incomplete.pop(task, None)

    def _make_room(self) -> None:
        if len(self._incomplete) >= MAX_CONNECTIONS:
            first = next(iter(self._incomplete))
            oldest = next((task for task, incomplete in self._incomplete.items() if incomplete), first)
            del self._incomplete[oldest]
            oldest.cancel()

    async def _answer(self, request: dict[str, Any] | HTTPStatus) -> bytes:
        if isinstance(request, HTTPStatus):
            return _encoded(f"{request.value} {request.phrase}", [], b"")
        with_body = request["REQUEST_METHOD"] == "GET"
        request["REQUEST_METHOD"] = "GET"
        if request["PATH_INFO"] == METRICS:
            page = await asyncio.get_running_loop().run_in_executor(self._renderers, self._render, request)
        elif request["PATH_INFO"] == HEALTH:
            page = self._health()
        else:
            page = ("404 Not Found", [], b"")
        return _encoded(*page, with_body=with_body)

    def _render(self, request: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        began: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self._metrics(request, lambda *status_and_headers: began.append(status_and_headers)))
        return *began[0], body

    def _health(self) -> tuple[str, list[tuple[str, str]], bytes]:
        problem = self._problem()
        body = {"status": "alive"} if problem is None else {"status": "failing", "problem": problem}
        status = "200 OK" if problem is None else "503 Service Unavailable"
        return status, [("Content-Type", "application/json")], json.dumps(body).encode()


async def _request(reader: asyncio.StreamReader) -> dict[str, Any] | HTTPStatus:
    """The request in the terms of WSGI, or the status that refuses it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return HTTPStatus.BAD_REQUEST
    if words[0] not in ("GET", "HEAD"):
        return HTTPStatus.METHOD_NOT_ALLOWED
    path, _, query = words[1].partition("?")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "REQUEST_METHOD": words[0],
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": headers.get("accept"),
        "HTTP_ACCEPT_ENCODING": headers.get("accept-encoding"),
    }


def _encoded(status: str, headers: list[tuple[str, str]], body: bytes, *, with_body: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + (body if with_body else b"")
