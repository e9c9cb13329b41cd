"""When dbt parses the project anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from footpred_dagster.core.settings import Settings
from footpred_dagster.orchestration import dbt_project

COUNTING = """#!/bin/sh
while [ "$1" != --target-path ]; do shift; done
echo parsed >> "$2/times"; echo '{}' > "$2/manifest.json"
"""


def test_the_manifest_is_of_the_files_as_they_are_whatever_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An upgrade brings files that are older than the last parse."""
    project, counting = tmp_path / "dbt_project", tmp_path / "dbt"
    shutil.copytree(dbt_project.PROJECT_DIR, project)
    counting.write_text(COUNTING)
    counting.chmod(0o755)
    monkeypatch.setattr(dbt_project, "PROJECT_DIR", project)
    monkeypatch.setattr(dbt_project, "DBT", str(counting))
    monkeypatch.delenv("FOOTPRED_DBT_PARSED", raising=False)
    here, elsewhere = Settings(tmp_path / "home"), Settings(tmp_path / "home", "postgresql://x@127.0.0.1/other")

    def times(settings: Settings) -> int:
        dbt_project.fresh_project(settings)
        return len((settings.dbt_target / "times").read_text().splitlines())

    assert (times(here), times(here)) == (1, 1)
    model = next((project / "models").rglob("*.sql"))
    model.write_text(model.read_text() + "-- another\n")
    os.utime(model, (0, 0))
    assert (times(here), times(here)) == (2, 2)
    model.unlink()
    assert (times(here), times(here)) == (3, 3)
    assert (times(elsewhere), times(elsewhere)) == (4, 4)
