"""``footpred status``: what is materialized, stale or failing."""

from __future__ import annotations

from typing import Any

import click

from footpred_dagster.cli.output import print_status
from footpred_dagster.cli.platform import open_platform
from footpred_dagster.cli.session import Session, with_session
from footpred_dagster.core import services
from footpred_dagster.core.database.connection import connect, database_state, left_as_found
from footpred_dagster.core.settings import Settings

NOTHING_YET: dict[str, Any] = {
    "assets": [],
    "failing_checks": [],
    "champion": None,
    "by_hand": None,
    "data_age": {"newest_fetch": None, "newest_match": None},
    "simulated": False,
}
"""What ``status`` shows of a home that holds nothing."""


@click.command()
@with_session
def status(session: Session) -> None:
    """What is materialized, stale or failing; the champion; how old the data is."""
    state = _status(session.settings)
    session.tell(state, lambda: print_status(state))


def _status(settings: Settings) -> dict[str, Any]:
    """State of every asset, from what Dagster recorded; nothing is run, and no home is made.

    ``database`` is the state it was in before: ``running``, ``stopped`` or ``absent``.
    """
    database = database_state(settings)
    if database == "absent":
        return {"database": database, **NOTHING_YET, "services": services.as_json(settings)}
    from footpred_dagster.orchestration.asset_keys import switched_off
    from footpred_dagster.runner import run_summary

    with left_as_found(settings):
        definitions, instance = open_platform(settings)
        with instance, connect(settings, autocommit=True) as connection:
            found = run_summary.status(connection, definitions, instance, off=switched_off(settings))
    return {"database": database, **found, "services": services.as_json(settings)}
