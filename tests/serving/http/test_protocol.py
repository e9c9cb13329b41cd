"""Connections of clients that never authenticate: bounded in time, in bytes and in number, while others are served."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.service import Served

HEAD, BODY, LINGER, IDLE, READ, CONNECTIONS = 1.0, 1.0, 0.2, 1.5, 1.0, 60
LIMITS = {
    "serving.http.protocol.HEAD_SECONDS": HEAD,
    "serving.http.protocol.BODY_SECONDS": BODY,
    "serving.http.protocol.LINGER_SECONDS": LINGER,
    "serving.http.protocol.KEEP_ALIVE_SECONDS": IDLE,
    "serving.http.waits.READ_SECONDS": READ,
    "serving.http.protocol.MAX_CONNECTIONS": CONNECTIONS,
    "serving.middleware.BODY_SECONDS": BODY,
    "serving.http.event_stream.MAX_STREAMS_OF_OWNER": 2 * CONNECTIONS,
}
"""A tenth of what they are, so that a test need not wait."""
CLOSED = 3 * HEAD + READ
GET = b"GET /healthcheck/ HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /predict/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
REQUESTS = {
    "nothing": b"",
    "a part of the request line": b"GE",
    "a part of the head": GET + b"X-A: b",
    "a part of the body": GET + b"Content-Length: 1000000\r\n\r\nx",
    "a part of the body of a refused request": POST + b"Content-Length: 1000000\r\n\r\n{",
    "a part of a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    "a part of a second head": GET + b"\r\n" + GET,
    "a line break after an answer": GET + b"\r\n\r\n",
    "a body that waits for 100 Continue": POST + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n",
}


def send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(data)


def resident(service: Served) -> int:
    """Megabytes."""
    return psutil.Process(service.process.pid).memory_info().rss // 2**20


def connected(service: Served, *, buffer: int = 0) -> socket.socket:
    """``buffer``: bytes that the client's side holds of an answer that is not read."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", urlsplit(service.url).port))
    return connection


def until_closed(connection: socket.socket) -> bytes:
    """Everything that arrives until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while block := connection.recv(1 << 16):
            received += block
    return received


def problem_of(answer: bytes) -> tuple[int, str]:
    """(status, slug) of the last answer."""
    head, _, body = answer[answer.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), head
    return int(head.split()[1]), json.loads(body)["type"].rpartition(":")[2]


@pytest.mark.fault(60, "half-sent requests are closed")
@pytest.mark.parametrize("dripping", [False, True])
@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS)
def test_a_connection_that_waits_on_its_client_is_closed(service, request_bytes, dripping):
    with connected(service) as connection:
        begun = time.monotonic()
        connection.sendall(request_bytes)
        ended = threading.Event()
        if dripping:  # a byte now and then extends nothing
            byte = b"\r\n" if request_bytes.endswith(b"\r\n\r\n\r\n") else b"x"
            threading.Thread(target=drip, args=(connection, byte, ended), daemon=True).start()
        until_closed(connection)
        ended.set()
        assert time.monotonic() - begun < CLOSED


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"F" * 18 + b"\r\n", b"2\r\nabc\r\n"])
def test_a_body_that_is_no_body_is_a_problem(service, world, chunk):
    with connected(service) as connection:
        head = POST + f"X-API-Key: {world.key}\r\n".encode() + b"Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + chunk)
        assert problem_of(until_closed(connection)) == (400, "malformed-http")
        assert service.get("/healthcheck/")[0] == 200


@pytest.mark.fault(60, "what is around a body is bounded")
@pytest.mark.parametrize(
    "around",
    [b"0\r\n" + b"a: b\r\n" * 20_000, b"0\r\nX-A: " + b"a" * 100_000, b"2;" + b"a" * 100_000, b"0" * 100_000],
    ids=["trailers", "a trailer", "an extension of a chunk", "the length of a chunk"],
)
def test_what_is_around_a_body_has_a_limit(service, world, around):
    with connected(service) as connection:
        head = POST + f"X-API-Key: {world.key}\r\n".encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            connection.sendall(head + around)
        answer = until_closed(connection)
        assert time.monotonic() - begun < BODY
    if answer:
        assert problem_of(answer) == (431, "head-too-large")


def test_a_trailer_is_no_header(service, world):
    with connected(service) as connection:
        head = b"GET /predict/m1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + f"0\r\nX-API-Key: {world.key}\r\n\r\n".encode())
        assert problem_of(until_closed(connection)) == (401, "key-missing")


def test_a_body_that_does_not_arrive_is_a_problem(service, world):
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(service)) for _ in range(20)]
        for connection in connections:
            connection.sendall(POST + f"X-API-Key: {world.key}\r\nContent-Length: 100\r\n\r\n{{".encode())
        for connection in connections:
            assert problem_of(until_closed(connection)) == (408, "request-timeout")


@pytest.mark.parametrize("pause", [0, 0.1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_that_asks_to_upgrade_is_read_on_with_its_body(service, world, chunked, pause):
    body = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    framing, sent = b"Content-Length: %d" % len(body), body
    if chunked:
        framing, sent = b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with connected(service) as connection:
        head = POST + f"X-API-Key: {world.key}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n".encode() + framing
        following = GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET + b"Connection: close\r\n\r\n"
        for part in (head + b"\r\n\r\n" + sent[:9], sent[9:] + following):
            connection.sendall(part)
            time.sleep(pause)
        answer = until_closed(connection)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"400", b"200", b"200"]


def drip(connection: socket.socket, byte: bytes, ended: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while not ended.wait(0.2):
            connection.sendall(byte)


@pytest.mark.fault(60, "a client that does not read is closed")
@pytest.mark.parametrize("slowly", [False, True])
def test_an_answer_that_is_not_read_is_given_up(service, slowly):
    with connected(service, buffer=4096) as connection:
        connection.sendall((b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n") * 200)
        begun, received = time.monotonic(), 0
        while slowly and time.monotonic() - begun < 2 * READ:
            received += len(connection.recv(16))
            time.sleep(0.05)
        time.sleep(3 * READ - (time.monotonic() - begun))
        assert len(until_closed(connection)) + received < 600_000  # of 30 MB
    assert "Traceback" not in service.log.read_text()


def test_a_client_that_reads_slowly_but_steadily_gets_the_whole_answer(service):
    with connected(service, buffer=4096) as connection:
        connection.sendall(b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while block := connection.recv(4096):
            received += block
            time.sleep(0.05)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert json.loads(body)["openapi"]


@pytest.mark.fault(60, "a long head is refused")
@pytest.mark.parametrize("line_breaks", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize(
    "head",
    [
        GET + b"X-A: " + b"a" * 33_000,
        GET + b"".join(b"X-%d: a\r\n" % number for number in range(4000)) + b"X-End: a",
        b"GET /predict/" + b"a" * 33_000 + b" HTTP/1.1\r\nHost: x",
        GET + b"X-A: " + b"a" * 2_000_000,
    ],
    ids=["one header", "many headers", "a path", "two megabytes"],
)
def test_a_head_above_32_kilobytes_is_refused(service, head, line_breaks):
    with connected(service) as connection:
        with contextlib.suppress(OSError):  # it is refused before it was sent
            connection.sendall(head + line_breaks)
        answer = until_closed(connection)
    if answer:  # a reset may overtake it while the client still sends
        assert problem_of(answer) == (431, "head-too-large")
    else:
        assert len(head) > 1_000_000


def test_bodies_and_following_requests_are_no_part_of_a_head(service, world):
    body = json.dumps({"items": [{"match_id": "m1"}] * 3, "pad": "x" * 60_000}).encode()
    head = POST.replace(b"/predict/", b"/predict/batch/") + f"X-API-Key: {world.key}\r\n".encode()
    with connected(service) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body + (GET + b"\r\n") * 1000)
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        answer = until_closed(connection)
    assert answer.count(b"HTTP/1.1 400") == 1  # "pad" is no field
    assert answer.count(b"HTTP/1.1 200") == 1001


@pytest.mark.fault(60, "requests sent at once are read as fast as they are answered")
def test_of_many_requests_at_once_few_are_held(service, world):
    before, requests = resident(service), (GET + b"\r\n") * 20_000
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(connected(service))
            for thread in (
                threading.Thread(target=send, args=(connection, requests)),
                threading.Thread(target=until_closed, args=(connection,)),
            ):
                thread.start()
                stack.callback(thread.join)
            stack.callback(connection.shutdown, socket.SHUT_RDWR)
        for _ in range(20):
            assert service.get("/predict/m1", X_API_Key=world.key)[0] == 200
            time.sleep(0.05)
        assert resident(service) - before < 40


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_no_request_is_a_problem(service, nonsense):
    with connected(service) as connection:
        connection.sendall(nonsense)
        assert problem_of(until_closed(connection)) == (400, "malformed-http")


@pytest.mark.parametrize("host", [b"x:99999", b"[x"])
def test_an_unknown_path_of_a_host_that_is_none_is_a_problem(service, host):
    with connected(service) as connection:
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert problem_of(until_closed(connection)) in {(404, "no-such-path"), (400, "invalid-request")}


@pytest.mark.fault(60, "others are served while connections are exhausted, health answers")
@pytest.mark.parametrize(
    "kind", ["nothing", "a part of the head", "a part of the body", "a line break after an answer"]
)
def test_others_are_served_while_there_are_more_connections_than_there_may_be(service, world, kind):
    with contextlib.ExitStack() as stack:
        for _ in range(3 * CONNECTIONS):
            connection = stack.enter_context(connected(service))
            connection.sendall(REQUESTS[kind])
        for _ in range(20):
            begun = time.monotonic()
            assert service.get("/healthcheck/")[0] == 200
            assert service.get("/readyz")[0] == 200
            assert service.get("/predict/m1", X_API_Key=world.key)[0] == 200
            assert time.monotonic() - begun < 1


def test_where_every_connection_is_being_answered_a_new_one_is_refused_and_health_answers(service, world):
    with contextlib.ExitStack() as stack:
        ask = f"GET /livescores/stream?seconds=30 HTTP/1.1\r\nHost: x\r\nX-API-Key: {world.key}\r\n\r\n".encode()
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(connected(service))
            connection.sendall(ask)
            assert connection.recv(16).startswith(b"HTTP/1.1 200")
        assert service.get("/healthcheck/")[0] == 200
        status, answer = service.get("/predict/m1", X_API_Key=world.key)
        assert (status, answer["type"]) == (503, "urn:footpred:problem:too-many-connections")
        assert answer["request_id"]
