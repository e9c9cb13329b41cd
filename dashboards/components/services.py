"""Links to the services behind the pages."""

from __future__ import annotations

from markupsafe import Markup

from dashboards.links import Links


def services(links: Links) -> list[Markup]:
    known = (("MLflow", links.mlflow, ""), ("Dagster", links.dagster, ""), ("API docs", links.api, "/schema"))
    return [
        Markup('<a class="button" href="{}{}" target="_blank" rel="noopener">{} ↗</a>').format(url, path, name)
        for name, url, path in known
        if url
    ]
