"""``python -m tests.support.hostile PORT COUNT``: connections that send a part of a request, or read none of an answer.

Each is opened again a second after the server closed it, until the process is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys

POST = b"POST /predict/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
PARTS = [
    b"GET /predict/m1 HTTP/1.1\r\nHost: x\r\nX-A: ",
    POST + b"Content-Length: 1000\r\n\r\n{",
    POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    3 * b"GET /schema/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n",
]
"""Half a head, half a body, half a chunk; and answers of megabytes that are not read."""
AGAIN_SECONDS, POLL_SECONDS = 1.0, 0.5


async def hold(port: int, part: bytes) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with contextlib.suppress(OSError), socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            await loop.sock_sendall(connection, part)
            while part is PARTS[-1] or await loop.sock_recv(connection, 4096):
                await asyncio.sleep(POLL_SECONDS)
                if part is PARTS[-1]:
                    connection.send(b"\r\n")  # raises once the server has closed it
        await asyncio.sleep(AGAIN_SECONDS)


async def main(port: int, count: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    await asyncio.gather(*(hold(port, PARTS[number % len(PARTS)]) for number in range(count)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
