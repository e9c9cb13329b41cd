"""dbt's unit tests: the SQL against hand-made rows, on a database of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from footpred_dagster.core.settings import PACKAGE_ROOT, TELEMETRY_OFF

PROJECT = PACKAGE_ROOT / "dbt_project"
DBT = Path(sys.executable).with_name("dbt")


def test_every_unit_test_passes(database_url, tmp_path):
    url = urlsplit(database_url)
    environment = os.environ | TELEMETRY_OFF | {
        "DBT_USE_COLORS": "false",
        "FOOTPRED_DBT_HOST": url.hostname or "",
        "FOOTPRED_DBT_PORT": str(url.port),
        "FOOTPRED_DBT_DATABASE": url.path.lstrip("/"),
        "FOOTPRED_DBT_USER": unquote(url.username or ""),
        "DBT_ENV_SECRET_FOOTPRED_PASSWORD": unquote(url.password or ""),
    }  # fmt: skip
    where = ("--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", tmp_path, "--log-path", tmp_path)
    for command in (("seed",), ("run",), ("test", "--select", "test_type:unit")):
        result = subprocess.run([DBT, *command, *where], env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout[-4000:]
    assert "PASS=7 " in result.stdout
