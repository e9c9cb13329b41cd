"""Results of any size: the same for every client, and never whole in the memory of the service."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from serving.queue.results import SLICE, ResultWriter, StoredResult
from tests.support.service import World
from tests.support.workers import until, worker

ITEMS, CALLERS = 20_000, 8
MEGABYTE = 2**20


def sent(stored: bytes, fields: bytes, *, compressed: bool) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of the answer from what is stored."""
    messages = []

    async def read(offset: int, size: int) -> bytes:
        return stored[offset : offset + size]

    async def send(message) -> None:
        messages.append(message)

    answer = StoredResult(read, len(stored), fields, gzip=compressed)
    asyncio.run(answer({}, None, send))
    assert [message.get("more_body", True) for message in messages][-1] is False
    return dict(messages[0]["headers"]), b"".join(message["body"] for message in messages[1:])


@pytest.mark.parametrize("items", [0, 1, 3, 20_000])
def test_what_is_written_in_parts_is_sent_whole_compressed_or_not(items):
    noise = random.Random(7)
    documents = [json.dumps({"index": n, "noise": noise.random()}).encode() for n in range(items)]
    writer = ResultWriter()
    for first in range(0, items, 500):
        writer.add(documents[first : first + 500])
    stored = writer.stored()
    assert items < 20_000 or len(stored) > 2 * SLICE
    expected = {"result": {"items": [json.loads(each) for each in documents]}, "task_id": "x", "status": "done"}
    headers, body = sent(stored, b'{"task_id":"x","status":"done"}', compressed=False)
    assert (json.loads(body), int(headers[b"content-length"])) == (expected, len(body))
    assert b"content-encoding" not in headers
    headers, body = sent(stored, b'{"task_id":"x","status":"done"}', compressed=True)
    assert (json.loads(gzip.decompress(body)), int(headers[b"content-length"])) == (expected, len(body))
    assert (headers[b"content-encoding"], headers[b"vary"]) == (b"gzip", b"Accept-Encoding")


@pytest.mark.parametrize("size", [2 * SLICE - 40, 2 * SLICE, 5_000_000, 5_000_001])
def test_a_result_that_shrinks_a_thousandfold_is_sent_whole(size):
    writer = ResultWriter()
    writer.add([b'"%b"' % (b"x" * size)])
    headers, body = sent(writer.stored(), b"{}", compressed=False)
    assert int(headers[b"content-length"]) == len(body)
    assert body.count(b"x") == size


@pytest.fixture
def working(world: World, tmp_path: Path) -> Iterator[None]:
    with worker(world, tmp_path):
        yield


@pytest.mark.usefixtures("working")
def test_callers_who_do_not_read_a_large_result_cost_no_memory(service, world):
    headers = {"X-API-Key": world.key}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as http:
        items = [{"match_id": "m1"}] * ITEMS
        path = http.post("/predict/async/", json={"items": items}).headers["location"]
        task = until(lambda: found if (found := http.get(path).json())["status"] == "done" else None)
        assert (len(task["result"]["items"]), task["items"]) == (ITEMS, ITEMS)
        assert {item["prediction"]["seq"] for item in task["result"]["items"]} == {1}
        plain = http.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert int(plain.headers["content-length"]) > 20 * MEGABYTE
        assert plain.json() == task
        head = http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        before = psutil.Process(service.process.pid).memory_info().rss
        with contextlib.ExitStack() as stack:
            for _ in range(CALLERS):
                connection = stack.enter_context(socket.socket())
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", urlsplit(service.url).port))
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {world.key}\r\n\r\n".encode())
                assert connection.recv(12) == b"HTTP/1.1 200"
            for _ in range(20):
                assert http.get("/healthcheck/").elapsed.total_seconds() < 1
            assert psutil.Process(service.process.pid).memory_info().rss - before < 40 * MEGABYTE
