"""Where the other services of this home answer, as the supervisor writes it down."""

from __future__ import annotations

from dataclasses import dataclass

from footpred_dagster.core.services import states
from footpred_dagster.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses without trailing slash, None for what is not up."""

    dagster: str | None = None
    mlflow: str | None = None
    api: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Links:
        try:
            urls = {name: state.url for name, state in states(settings).items() if state.state == "running"}
        except OSError:  # a home of another account: links are left out
            urls = {}
        mlflow = settings.mlflow_uri if (settings.mlflow_uri or "").startswith("http") else urls.get("mlflow")
        return cls(urls.get("dagster"), mlflow.rstrip("/") if mlflow else None, urls.get("api"))
