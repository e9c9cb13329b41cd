"""Metadata the UI shows as more than text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import dagster as dg


def picture(png: bytes) -> dg.MarkdownMetadataValue:
    """A picture within the page of the asset; nothing is fetched to show it."""
    return dg.MetadataValue.md(f"![](data:image/png;base64,{base64.b64encode(png).decode()})")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.TableMetadataValue:
    """Rows as a table; what is neither number nor truth value is shown as text."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    column: cell if isinstance(cell, int | float | bool) else str(cell)
                    for column, cell in zip(columns, row, strict=True)
                }
            )
            for row in rows
        ],
        schema=dg.TableSchema([dg.TableColumn(column) for column in columns]),
    )
