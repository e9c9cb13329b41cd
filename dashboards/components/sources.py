"""Which predictions a page scores, and the names of leagues and groups beside scores."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.data import record
from dashboards.data.teams import leagues
from dashboards.reader import Reader

GROUPS = {"all": "All main divisions", "top5": "Top five leagues"}


def source_of(reader: Reader, query: Mapping[str, str]) -> tuple[str | None, list[str]]:
    offered = record.available(reader)
    asked = query.get("evidence", "")
    return (asked if asked in offered else offered[0] if offered else None), offered


def leagues_named(reader: Reader) -> dict[str, str]:
    return {row["league"]: f"{row['country']} · {row['name']}" for row in leagues(reader)}
