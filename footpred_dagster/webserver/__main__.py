"""``python -m footpred_dagster.webserver``: ``dagster-webserver`` with its options, behind CrossOriginProtection.

FOOTPRED_DAGSTER_HOSTS: names, with commas between, under which browsers reach a proxy in front of it.
"""

from __future__ import annotations

import os
from typing import Any

from dagster_webserver import cli
from starlette.types import ASGIApp

from footpred_dagster.core.settings import SettingsError
from footpred_dagster.webserver.authority import Authority
from footpred_dagster.webserver.cross_origin import CrossOriginProtection


def proxy_hosts() -> list[Authority]:
    """Of FOOTPRED_DAGSTER_HOSTS; raises SettingsError."""
    try:
        return [Authority.parse(host) for host in os.environ.get("FOOTPRED_DAGSTER_HOSTS", "").split(",") if host]
    except ValueError as error:
        raise SettingsError(f"FOOTPRED_DAGSTER_HOSTS: {error}; it lists them with commas between") from error


def main() -> None:
    hosts, create = proxy_hosts(), cli.create_app_from_workspace_process_context

    def create_protected(*arguments: Any, **options: Any) -> ASGIApp:
        return CrossOriginProtection(create(*arguments, **options), hosts)

    # Dagster takes no middleware, and what else its command does has no public way in.
    cli.create_app_from_workspace_process_context = create_protected  # type: ignore[assignment]
    cli.main()


if __name__ == "__main__":
    main()
