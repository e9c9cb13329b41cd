"""Failures by whether a rerun can change the answer: only those that pass are tried again, all others are final."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

PASSES = ("08", "57P", "40")
"""SQLSTATE classes: connection lost, server shutting down or starting, deadlock. A full disk (53) is none of them."""
MOST_RETRIES = 3
WAIT_SECONDS = 10.0
"""Thrice this is more than a database takes to come back."""


@contextmanager
def again_if_it_passes() -> Iterator[None]:
    """Inside an op: a database that went away makes the step run again, at most MOST_RETRIES times.

    Each step writes in transactions of its own, so the second time begins where the first did.
    """
    try:
        yield
    except psycopg.OperationalError as error:
        if error.sqlstate is not None and not error.sqlstate.startswith(PASSES):
            raise
        raise dg.RetryRequested(MOST_RETRIES, WAIT_SECONDS) from error
