"""Where everything lives and how it is reached: one frozen object, read from the environment once per process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
"""The source checkout, or site-packages when installed as a wheel."""

TELEMETRY_OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
}
"""Set in every process we start: the platform calls nobody but its data source."""


COMPONENTS = ("service", "worker", "dashboard", "exporter", "pipeline")
"""What connects to the database, each by a URL of its own where one is set."""
OWNERS_URL = "FOOTPRED_DATABASE_URL"


class SettingsError(ValueError):
    """A FOOTPRED_* variable cannot be used; the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Attributes:

    home: folder of all state (embedded database, archive, dbt target, logs).
    database_url: the owner's, of an external PostgreSQL, or None for the embedded one. Kept out of ``repr``, as are
        those of components: they hold passwords.
    mlflow_uri: an MLflow server or store, or None for one in a database beside ours.
    source: where data comes from unless a run says otherwise; None for where the data of this home came from.
    live_scores: sources of live scores that are switched on, by name; none by default.
    football_data_org_token: for the one of them that needs a token. Kept out of ``repr``.
    openfootball: where the second source is, ``openfootball``, an address or a folder; None while it is off.
    alertmanager_url: who is told of failed runs; None for nobody.
    storage_url: where the archive lies, as ``parse_storage_url`` reads it, or None for the local one in the home.
    component_urls: (component, URL) of those of COMPONENTS that do not connect as the owner.
    """

    home: Path
    database_url: str | None = field(default=None, repr=False)
    source: str | None = None
    mlflow_uri: str | None = field(default=None, repr=False)
    openfootball: str | None = None
    live_scores: tuple[str, ...] = ()
    football_data_org_token: str | None = field(default=None, repr=False)
    storage_url: str | None = None
    alertmanager_url: str | None = None
    component_urls: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def external(self) -> bool:
        """Whether the database is on a server of the user's, rather than the embedded one."""
        return bool(self.database_url or self.component_urls)

    @property
    def owned(self) -> bool:
        """Whether this process can connect as the owner."""
        return bool(self.database_url) or not self.external

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def has_embedded_database(self) -> bool:
        """Whether an embedded server was ever made in this home."""
        return (self.home / "postgres").is_dir()

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def mlflow_home(self) -> Path:
        return self.home / "mlflow"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        return self.home / "dbt" / "logs"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        storage_url = env.get("FOOTPRED_STORAGE_URL") or None
        if storage_url:
            try:
                parse_storage_url(storage_url)
            except ValueError as error:
                raise SettingsError(f"FOOTPRED_STORAGE_URL {error}, or unset for the archive in the home") from error
        return cls(
            home=_home(env.get("FOOTPRED_HOME")),
            database_url=_database_url(env, OWNERS_URL),
            component_urls=tuple(
                (component, url)
                for component in COMPONENTS
                if (url := _database_url(env, component_variable(component)))
            ),
            source=env.get("FOOTPRED_SOURCE") or None,
            mlflow_uri=env.get("MLFLOW_TRACKING_URI") or None,
            openfootball=env.get("FOOTPRED_OPENFOOTBALL") or None,
            live_scores=tuple(filter(None, map(str.strip, env.get("FOOTPRED_LIVE_SCORES", "").split(",")))),
            football_data_org_token=env.get("FOOTPRED_FOOTBALL_DATA_ORG_TOKEN") or None,
            storage_url=storage_url,
            alertmanager_url=env.get("FOOTPRED_ALERTMANAGER_URL") or None,
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """A place on an S3 server; ``prefix`` has no slash at its ends and may be empty."""

    name: str
    prefix: str


def parse_storage_url(url: str) -> Path | Bucket:
    """Read ``s3://bucket/prefix`` or ``file:///folder``; raises ValueError that continues the name of the setting.

    The message does not repeat the URL: whoever puts a secret into it, against the rules, must not find it in a log.
    """
    parts = urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a plain address: credentials and options come from the AWS_* variables")
    if parts.scheme == "s3" and re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc):
        return Bucket(parts.netloc, parts.path.strip("/"))
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.strip("/"):
        return Path(unquote(parts.path))
    raise ValueError("must be s3://bucket/prefix or file:///folder")


def default_home() -> Path:
    """``.footpred/`` at the root of a source checkout, whatever the current folder; else the user's data folder.

    Raises SettingsError for an account that has none.
    """
    if (PACKAGE_ROOT / "pyproject.toml").exists():
        return PACKAGE_ROOT / ".footpred"
    folder = platformdirs.user_data_path("footpred")
    if not folder.is_absolute():
        raise SettingsError("this account has no home folder: set FOOTPRED_HOME to a folder for all state")
    return folder


def component_variable(component: str) -> str:
    """Name of the variable with the URL that a component connects with."""
    return f"FOOTPRED_{component.upper()}_DATABASE_URL"


def _database_url(env: Mapping[str, str], name: str) -> str | None:
    url = env.get(name) or None
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(f"{name} must be a postgresql:// URL, or unset")
    if url and "%" in urlsplit(url).path:  # SQLAlchemy, of Dagster and MLflow, does not decode it
        raise SettingsError(f"{name}: the database's name must consist of characters that need no percent-encoding")
    return url


def _home(chosen: str | None) -> Path:
    """FOOTPRED_HOME with links and ``~`` resolved, or the default without one. Raises SettingsError."""
    if chosen is None:
        return default_home()
    if not chosen.strip():
        raise SettingsError(f"FOOTPRED_HOME is empty: unset it for {default_home()}, or set a folder for all state")
    try:
        home = Path(chosen).expanduser().resolve()
    except RuntimeError as error:
        raise SettingsError(f"FOOTPRED_HOME {chosen!r}: {error}") from error
    if home.exists() and not home.is_dir():
        raise SettingsError(f"FOOTPRED_HOME {home} is not a folder")
    return home
