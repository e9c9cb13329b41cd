"""What is really loaded, seen in fresh interpreters. What may be imported is in pyproject.toml, for import-linter."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("footpred_dagster", "serving", "dashboards")
CORE = "footpred_dagster.core"
HEAVY = {"dagster", "dagster_dbt", "dbt", "sklearn", "mlflow", "pandas", "xgboost"}
MAX_LINES = 300

# Walks without importing first: a package that fails to import fails the test instead of being passed over.
LOAD = """
import importlib, json, pkgutil, sys
def names(package):
    yield package
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, package + "."):
        if found.ispkg:
            yield from names(found.name)
        else:
            yield found.name
packages, modules, skipped = json.loads(sys.argv[1])
asked = [name for package in packages for name in names(package) if name not in skipped] + modules
for name in asked:
    importlib.import_module(name)
print(json.dumps([asked, sorted(sys.modules)]))
"""


@cache
def load(packages: tuple[str, ...] = (), modules: tuple[str, ...] = (), skipped: tuple[str, ...] = ()):
    """Import every module of ``packages``, and ``modules``, in a fresh interpreter: (asked for, loaded in the end)."""
    result = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps([packages, modules, skipped])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    asked, loaded = json.loads(result.stdout)
    return asked, set(loaded)


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def of_ours_outside_core(modules: set[str]) -> set[str]:
    allowed = {"footpred_dagster", CORE}
    ours = {name for name in modules if name.partition(".")[0] == "footpred_dagster"}
    return {name for name in ours if name not in allowed and not name.startswith(CORE + ".")}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", ["serving", "dashboards"])
def test_what_faces_users_loads_nothing_heavy_and_of_ours_only_core(package):
    asked, loaded = load((package,))
    assert package in asked
    assert tops(loaded) & HEAVY == set()
    assert of_ours_outside_core(loaded) == set()


NOT_AT_THE_START = (
    "onnxruntime",
    "scipy",
    "pandas",
    "sklearn",
    "xgboost",
    "dagster",
    "mlflow",
    "matplotlib",
    "rapidfuzz",
)


def test_the_service_starts_with_little_and_runs_no_model_before_it_has_one():
    """Measured: 0.5 to 1.5 s by machine, nearly all of it Litestar, psycopg and numpy; 60 MB. The model's runtime comes
    with the first bundle."""
    script = f"""
import sys
from serving.app import create_app
create_app()
# Not ru_maxrss: that remembers the process which started this one.
memory = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(memory, *(name for name in {NOT_AT_THE_START} if name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    megabytes, *loaded = result.stdout.split()
    assert loaded == []
    assert float(megabytes) <= 120


def test_core_loads_no_dagster_and_nothing_of_ours_outside_it():
    versions = sorted((ROOT / "footpred_dagster/core/migrations/versions").glob("[0-9]*.py"))
    migrations = tuple(f"{CORE}.migrations.versions.{path.stem}" for path in versions)
    asked, loaded = load((CORE,), migrations, skipped=(f"{CORE}.migrations.env",))
    some = ("predictions.ledger", "models.baselines", "migrations.versions.0005_ledger")
    assert {f"{CORE}.{name}" for name in some} <= set(asked)
    assert tops(loaded) & {"dagster", "dagster_dbt", "dbt", "serving", "dashboards"} == set()
    assert of_ours_outside_core(loaded) == set()


def test_sources_load_no_dagster():
    asked, loaded = load(("footpred_dagster.sources",))
    assert len(asked) > 2
    assert tops(loaded) & {"dagster", "dagster_dbt", "dbt", "serving", "dashboards"} == set()
    allowed = ("footpred_dagster.sources",)
    assert {name for name in of_ours_outside_core(loaded) if not name.startswith(allowed)} == set()


def test_importing_the_package_costs_nothing():
    _, loaded = load(modules=("footpred_dagster",))
    assert {name for name in loaded if name.startswith("footpred_dagster")} == {"footpred_dagster"}
    assert tops(loaded) & (HEAVY | {"numpy", "psycopg", "click"}) == set()


def test_the_command_answers_help_without_loading_the_platform():
    _, loaded = load(modules=("footpred_dagster.cli.group",))
    assert tops(loaded) & (HEAVY | {"alembic", "sqlalchemy"}) == set()


def test_heavy_imports_would_be_seen():
    """Forbids a check that passes because it looks at nothing."""
    _, loaded = load(modules=("footpred_dagster.core.promotion.policy", "footpred_dagster.orchestration.staleness"))
    assert {"dagster", "pandas"} <= tops(loaded)
    assert of_ours_outside_core(loaded) >= {
        "footpred_dagster.orchestration.staleness",
        "footpred_dagster.orchestration.versions",
    }


def test_no_module_is_longer_than_a_reader_can_hold():
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in sources(*PACKAGES, "tests")}
    assert len(lengths) > 50
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_package_says_what_it_is_for():
    packages = [path.parent for path in sources(*PACKAGES) if path.name == "__init__.py"]
    assert len(packages) > 40
    silent = [path for path in packages if not ast.get_docstring(ast.parse((path / "__init__.py").read_text()))]
    assert [relative(path) for path in silent] == []
    without = {path.parent for path in sources(*PACKAGES)} - set(packages)
    assert [path.name for path in without] == ["versions"]  # migrations, which no code imports
