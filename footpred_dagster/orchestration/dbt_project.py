"""The dbt project as Dagster sees it: its manifest kept fresh, its connection, its names and versions."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg
import yaml
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject
from packaging.version import Version

from footpred_dagster.core import environment
from footpred_dagster.core.database import embedded_server
from footpred_dagster.core.database.connection import component_url, known_url
from footpred_dagster.core.settings import PACKAGE_ROOT, TELEMETRY_OFF, Settings

PROJECT_DIR = PACKAGE_ROOT / "dbt_project"
OWNERS = ["team:footpred"]
DBT = str(Path(sys.executable).with_name("dbt"))
"""The dbt of this environment, which need not be on PATH."""
ANEW = "--full-refresh"
IGNORED = re.compile(r"(?P<quoted>'[^']*')|(?:\s|--[^\n]*|/\*.*?\*/|{#.*?#})+", re.DOTALL)


def fresh_project(settings: Settings) -> DbtProject:
    """The project with the manifest of its files as they are; parsed (about 6 s) only when they changed.

    Their times tell nothing: an upgrade brings files older than the last parse.

    ``FOOTPRED_DBT_PARSED``, set in the container image, is a folder with what was parsed when that was built.
    """
    target = settings.dbt_target
    target.mkdir(parents=True, exist_ok=True)
    manifest = target / "manifest.json"
    with (target / ".parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parsed_for, content = target / ".parsed-for", _content(settings)
        if not manifest.exists() and (image := os.environ.get("FOOTPRED_DBT_PARSED")):
            shutil.copytree(image, target, dirs_exist_ok=True)
        if not (manifest.exists() and parsed_for.exists() and parsed_for.read_text() == content):
            _parse(settings)
            parsed_for.write_text(content)
    return DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=target)


def _content(settings: Settings) -> str:
    """Digest of all a manifest is made from: the files, dbt, and the name of the database, which relations carry."""
    database = urlsplit(known_url(settings, "pipeline") or "").path.lstrip("/") or embedded_server.DATABASE
    digest = hashlib.sha256(f"{database} {metadata.version('dbt-core')}".encode())
    for path in sorted(path for path in PROJECT_DIR.rglob("*") if path.suffix in {".sql", ".yml", ".csv"}):
        digest.update(f"\0{path.relative_to(PROJECT_DIR)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _parse(settings: Settings) -> None:
    result = subprocess.run(
        [
            *(DBT, "parse", "--no-partial-parse"),
            *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
            *("--target-path", str(settings.dbt_target), "--log-path", str(settings.dbt_logs)),
        ],
        env=environment.allowed(os.environ) | _known_connection(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"dbt cannot parse {PROJECT_DIR}:\n{result.stdout[-4000:]}")


def _known_connection(settings: Settings) -> dict[str, str]:
    """What later builds connect with, where it is known: dbt parses anew for another connection. Starts no server."""
    url = known_url(settings, "pipeline")
    return connection_environment(url) if url else TELEMETRY_OFF | {"FOOTPRED_DBT_DATABASE": embedded_server.DATABASE}


def export_connection(settings: Settings) -> None:
    """Give the dbt processes this process starts their connection, and what was parsed already; no other setting."""
    environment.remove(re.compile(r"DBT_\w+"))
    os.environ.update(
        connection_environment(component_url(settings, "pipeline")) | {"DBT_TARGET_PATH": str(settings.dbt_target)}
    )


def connection_environment(url: str) -> dict[str, str]:
    """What profiles.yml reads of a ``postgresql://`` URL; dbt keeps variables named so out of its logs."""
    parts = urlsplit(url)
    return TELEMETRY_OFF | {
        "DBT_USE_COLORS": "false",
        "FOOTPRED_DBT_HOST": parts.hostname or "127.0.0.1",
        "FOOTPRED_DBT_PORT": str(parts.port or 5432),
        "FOOTPRED_DBT_DATABASE": parts.path.lstrip("/"),
        "FOOTPRED_DBT_USER": unquote(parts.username or ""),
        "DBT_ENV_SECRET_FOOTPRED_PASSWORD": unquote(parts.password or ""),
    }


class InstalledDbt(DbtCliResource):
    """dbt as a process, and no more: at every build dagster-dbt would ask another process for the version, and load all
    of dbt into this one, some seconds each. Columns and their lineage, read when all is built anew, need the latter.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return super()._initialize_dbt_core_adapter(args) if ANEW in args else None


class LayerTranslator(DagsterDbtTranslator):
    """Layer = schema = group = key prefix. Code versions cover what a model's SQL does not show: macros and vars."""

    def __init__(self) -> None:
        # raw/matches writes two tables: the matches, and which clubs' lines changed.
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        macros = [meaning(path.read_text()) for path in sorted((PROJECT_DIR / "macros").glob("*.sql"))]
        settings = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
        self._shared = hashlib.sha256(repr((macros, settings)).encode()).hexdigest()

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["schema"])

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(code_version=self.version(manifest, unique_id), owners=OWNERS)

    def version(self, manifest: Mapping[str, Any], unique_id: str) -> str:
        node = manifest["nodes"].get(unique_id, {})
        own = meaning(node.get("raw_code", "")) or node.get("checksum", {}).get("checksum", "")
        return hashlib.sha256(f"{own}{self._shared}".encode()).hexdigest()[:12]


def meaning(code: str) -> str:
    """SQL and Jinja without comments, and with one space where there is any; quoted text as it is."""
    return IGNORED.sub(lambda found: found["quoted"] or " ", code).strip()


def build_codes(manifest: Mapping[str, Any], ratings: str | None) -> dict[str, str]:
    """Code of every incremental model: its own version and those of all it is built from, with that of the ratings.

    What was built by another code than this is built anew.
    """
    translator, nodes = LayerTranslator(), manifest["nodes"]

    @functools.cache
    def lineage(unique_id: str) -> frozenset[str]:
        if unique_id.startswith("source."):
            return frozenset([str(ratings)] if ".ratings." in unique_id else [])
        parents = nodes[unique_id]["depends_on"].get("nodes", [])
        return frozenset([translator.version(manifest, unique_id)]).union(*(lineage(parent) for parent in parents))

    return {
        node["name"]: hashlib.sha256(" ".join(sorted(lineage(unique_id))).encode()).hexdigest()[:12]
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }
