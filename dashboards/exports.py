"""CSV of what a page shows, by plain addresses. Text that a spreadsheet would run is defused."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler

from dashboards.reader import DatabaseDown, Reader, Row
from dashboards.view import Export

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defused(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def as_csv(rows: list[Row]) -> str:
    """``rows`` share their columns; none give an empty file."""
    text = io.StringIO()
    if rows:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([defused(value) for value in row.values()] for row in rows)
    return text.getvalue()


class ExportHandler(RequestHandler):
    def initialize(self, reader: Reader, exports: Mapping[str, Export]) -> None:
        """exports: what a page gives, by its slug."""
        self._reader, self._exports = reader, exports

    async def get(self, name: str) -> None:
        if name not in self._exports:
            raise HTTPError(404)
        query = {key: values[-1].decode("utf-8", "replace") for key, values in self.request.query_arguments.items()}
        if any("\0" in text for pair in query.items() for text in pair):
            raise HTTPError(400, reason="A NUL in the address")
        try:
            rows: list[dict[str, Any]] = await IOLoop.current().run_in_executor(
                None, self._exports[name], self._reader, query
            )
        except DatabaseDown:
            self.set_status(503)
            self.set_header("Retry-After", "5")
            self.finish("The database does not answer.\n")
            return
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="footpred-{name}.csv"')
        self.finish(as_csv(rows))

    head = get
