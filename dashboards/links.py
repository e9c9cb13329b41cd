"""Where the other services of this home answer, as the supervisor writes it down."""

from __future__ import annotations

import json
from dataclasses import dataclass

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
            services = json.loads((settings.home / "run" / "up.json").read_text(encoding="utf-8"))["services"]
            urls = {name: said["url"] for name, said in services.items() if said["state"] == "running"}
        except (OSError, ValueError, KeyError, TypeError):
            urls = {}
        mlflow = settings.mlflow_uri if (settings.mlflow_uri or "").startswith("http") else urls.get("mlflow")
        return cls(urls.get("dagster"), mlflow.rstrip("/") if mlflow else None, urls.get("api"))
