"""The platform as commands that materialize or describe assets open it."""

from __future__ import annotations

import warnings
from typing import Any

from footpred_dagster.core.database.connection import prepare_database
from footpred_dagster.core.settings import Settings


def open_platform(settings: Settings) -> tuple[Any, Any]:
    """Definitions and instance; importing them is what makes commands take seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Dagster and dbt about themselves, while they are imported
        prepare_database(settings)  # first: dbt's parse is kept with the connection it was made for
        from footpred_dagster.definitions import defs
        from footpred_dagster.orchestration.instance import keep_connections, open_instance

        instance = open_instance(settings)
        keep_connections(instance)
        return defs(), instance
