"""One JSON object a line on stdout. Requests are written in batches: a line each would cost a tenth of the time."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from datetime import UTC, datetime

import msgspec

SECRET = re.compile(r"fp_([a-z0-9]{12})_[A-Za-z0-9_-]{20,}|(postgres(?:ql)?://[^:/\s]+):[^@\s]+@")
FLUSH_SECONDS = 0.25
ENCODER = msgspec.json.Encoder()


def redacted(text: str) -> str:
    """Without secrets of keys and passwords in addresses, whoever put them there."""
    return SECRET.sub(lambda found: f"fp_{found[1]}_***" if found[1] else f"{found[2]}:***@", text)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := getattr(record, "request_id", None):
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return redacted(msgspec.json.encode(line).decode("utf-8", "replace"))


def configure() -> None:
    """Everything any library logs goes through the one formatter."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("uvicorn", "uvicorn.error", "uvicorn.access", "psycopg.pool"):
        logger = logging.getLogger(chatty)
        logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.access").disabled = True


class AccessLog:
    """Lines of answered requests, written by a thread of its own every quarter of a second."""

    def __init__(self) -> None:
        self._lines: list[dict[str, object]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="access-log", daemon=True)
        self._thread.start()

    def add(self, line: dict[str, object]) -> None:
        self._lines.append(line)

    def close(self) -> None:
        self._ended.set()
        self._thread.join(2)

    def _write_on(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), ENCODER.encode_lines(lines))


def access_line(request_id: str, method: str, path: str, status: int, seconds: float) -> dict[str, object]:
    """``path`` is the template: what callers put into an address stays out of the log, and a key sent as an id too."""
    return {
        "at": datetime.now(UTC),
        "level": "info",
        "logger": "footpred.access",
        "request_id": redacted(request_id) if "fp_" in request_id else request_id,
        "method": method,
        "path": path,
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
