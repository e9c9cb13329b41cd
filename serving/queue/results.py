"""Results of tasks: written compressed while they are made, and sent from storage as they are.

What is stored is a gzip stream without its end: ``{"result":{"items":[...]}``, flushed, with its CRC-32 and length.
What a request adds, the fields of the task, goes behind it: neither side ever holds a result uncompressed.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from litestar.response.base import ASGIResponse

from serving.http.encoded_response import JSON_TYPE
from serving.http.errors import Problem

LEVEL = 1
"""Answers shrink to a tenth, in a thirtieth of the time it took to make them."""
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
TRAILER = struct.Struct("<II")
"""CRC-32 and length, as gzip has them at its end."""
SLICE = 2**17
"""Bytes read from the database at a time, and sent before the next."""

Read = Callable[[int, int], Awaitable[bytes | None]]
"""Bytes of what is stored from an offset on, at most so many; None when it is there no longer."""


class ResultWriter:
    """Compresses items as they come."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._parts, self._crc, self._length = [HEADER], 0, 0
        self._separator = b""
        self._write(b'{"result":{"items":[')

    def add(self, items: Sequence[bytes]) -> None:
        """Encoded items, in order."""
        self._write(self._separator + b",".join(items))
        self._separator = b","

    def stored(self) -> bytes:
        """What is stored; nothing is added afterwards."""
        self._write(b"]}")
        self._parts.append(self._compressor.flush(zlib.Z_SYNC_FLUSH))
        return b"".join([*self._parts, TRAILER.pack(self._crc, self._length % 2**32)])

    def _write(self, data: bytes) -> None:
        self._crc, self._length = zlib.crc32(data, self._crc), self._length + len(data)
        self._parts.append(self._compressor.compress(data))


class StoredResult(ASGIResponse):
    """A task with its result; ``fields``: the task encoded as an object, ``size``: bytes that are stored of it."""

    __slots__ = ("_fields", "_gzip", "_headers", "_read", "_size")

    def __init__(
        self, read: Read, size: int, fields: bytes, *, gzip: bool, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        self._read, self._size, self._gzip = read, size, gzip
        self._fields = b"," + fields.removeprefix(b"{")
        self._headers = [JSON_TYPE, (b"vary", b"Accept-Encoding"), *headers]

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        trailer = await self._read(self._size - TRAILER.size, TRAILER.size)
        if trailer is None:
            raise Problem("unknown-task", "it was deleted at this moment")
        crc, length = TRAILER.unpack(trailer)
        end = self._compressed_end(crc, length) if self._gzip else self._fields
        size = (self._size - TRAILER.size if self._gzip else length) + len(end)
        headers = [*self._headers, (b"content-length", b"%d" % size)]
        if self._gzip:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for part in self._parts():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": end, "more_body": False})

    def _compressed_end(self, crc: int, length: int) -> bytes:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        end = compressor.compress(self._fields) + compressor.flush()
        return end + TRAILER.pack(zlib.crc32(self._fields, crc), (length + len(self._fields)) % 2**32)

    async def _parts(self) -> AsyncIterator[bytes]:
        expander = zlib.decompressobj(zlib.MAX_WBITS | 16)
        for offset in range(0, self._size - TRAILER.size, SLICE):
            part = await self._read(offset, min(SLICE, self._size - TRAILER.size - offset))
            if part is None:
                raise LookupError("the result was deleted while it was sent")
            if self._gzip:
                yield part
                continue
            while part:
                yield await asyncio.to_thread(expander.decompress, part, 2 * SLICE)
                part = expander.unconsumed_tail
