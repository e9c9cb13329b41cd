"""Whether what a database holds comes from football or from the simulator: never from both."""

from __future__ import annotations

import psycopg


class MixedOrigins(RuntimeError):
    """Simulated files were offered to a database of real ones, or the other way round; the message says the way out."""


def simulated(connection: psycopg.Connection) -> bool | None:
    """True if the files this database was filled from were simulated, False if real, None while there are none."""
    row = connection.execute(
        "select simulated from raw.fetches where sha256 is not null order by fetch_id limit 1"
    ).fetchone()
    return row[0] if row else None


def label(connection: psycopg.Connection) -> str:
    """``simulated`` or ``real``, for tags and metadata; an empty database is called real."""
    return "simulated" if simulated(connection) else "real"


def mixed(connection: psycopg.Connection) -> bool:
    """Whether both kinds are there, which nothing may bring about."""
    row = connection.execute(
        "select count(distinct simulated) > 1 from raw.fetches where sha256 is not null"
    ).fetchone()
    return row == (True,)
