"""What happens once, told to Alertmanager directly; what lasts is Prometheus's to see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

LASTS = timedelta(hours=1)
"""After this Alertmanager calls the alert resolved, unless it is told again."""
TIMEOUT_SECONDS = 5.0


def tell(url: str, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], link: str = "") -> None:
    """POST one alert to the Alertmanager at ``url``. Raises httpx.HTTPError when it is not taken."""
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": name, **labels},
        "annotations": dict(annotations),
        "startsAt": now.isoformat(),
        "endsAt": (now + LASTS).isoformat(),
        "generatorURL": link,
    }
    httpx.post(f"{url.rstrip('/')}/api/v2/alerts", json=[alert], timeout=TIMEOUT_SECONDS).raise_for_status()
