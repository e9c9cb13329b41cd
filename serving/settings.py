"""What the service reads from the environment, beside where database and archive are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from footpred_dagster.core.settings import Settings, SettingsError

ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Attributes:

    core: home, database, archive.
    cors_origins: pages of these origins may call the service from a browser; none by default.
    export_odds: whether bookmakers' odds are in answers; off, for their source licenses no spreading of them.
    poll: seconds after which the database is asked anew though it told of no change.
    outage_seconds: how long the last known keys open lookups while the database does not answer.
    drain_seconds: how long it goes on after SIGTERM, answering /readyz with 503 and closing each connection it answers.
    """

    core: Settings
    cors_origins: tuple[str, ...] = ()
    export_odds: bool = False
    poll: float = 5.0
    outage_seconds: float = 3600.0
    drain_seconds: float = 3.0

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ServiceSettings:
        """Raises SettingsError that names the variable."""
        origins = tuple(filter(None, (origin.strip() for origin in env.get("CORS_ALLOWED_ORIGINS", "").split(","))))
        if bad := [origin for origin in origins if not ORIGIN.fullmatch(origin)]:
            raise SettingsError(
                f"CORS_ALLOWED_ORIGINS: {', '.join(bad)} is no origin: write https://example.org, with commas between"
            )
        odds = env.get("FOOTPRED_EXPORT_ODDS", "0")
        if odds not in ("0", "1"):
            raise SettingsError("FOOTPRED_EXPORT_ODDS must be 0 or 1")
        poll = _number(env, "FOOTPRED_SERVICE_POLL", "5", "seconds", 3600)
        outage = _number(env, "FOOTPRED_KEYS_OUTAGE_MINUTES", "60", "minutes", 7 * 24 * 60)
        drain = _number(env, "FOOTPRED_SERVICE_DRAIN", "3", "seconds", 60)
        return cls(Settings.from_env(env), origins, odds == "1", poll, outage * 60, drain)


def _number(env: Mapping[str, str], name: str, usual: str, unit: str, most: int) -> float:
    try:
        value = float(env.get(name, usual))
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise SettingsError(f"{name} must be a number of {unit}, above 0 and up to {most}")
    return value
