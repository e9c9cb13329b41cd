"""What code an asset computes with: the modules it reaches by import, without what changes no result in them."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = "footpred_dagster"
ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = {
    "xgboost": "xgboost-cpu",
    "sklearn": "scikit-learn",
    "scipy": "scipy",
    "onnx": "onnx",
    "onnxmltools": "onnxmltools",
}
"""Libraries that compute, by what is imported: the distribution whose version counts where one is reached."""
LEFT_OUT = {
    "footpred_dagster.orchestration.automation_conditions": "when an asset is materialized, not what comes of it",
    "footpred_dagster.core.tracking.model_card_data": "describes a fit for people",
    "footpred_dagster.core.code_versions": "finds code; the version it gives changes with what it finds",
    "footpred_dagster.core.database.connection": "connections",
    "footpred_dagster.core.domain.disclaimer": "a sentence for people",
    "footpred_dagster.core.drift.report": "a page for people",
    "footpred_dagster.core.tracking.artifacts": "pages for people",
    "footpred_dagster.core.lineage.trace": "records what was read, and computes nothing from it",
    "footpred_dagster.core.migrations": "the shape of tables; no row is computed there",
    "footpred_dagster.core.tracking.model_card": "a page for people",
    "footpred_dagster.core.models.recipes": "the list of recipes: the asset of each names the modules of its own",
    "footpred_dagster.core.models.stack": "one of the recipes",
    "footpred_dagster.core.models.titles": "names and sentences for people",
    "footpred_dagster.core.tracking.plots": "pictures for people",
    "footpred_dagster.core.database.embedded_server": "starts and stops a server",
    "footpred_dagster.core.database.client_tools": "finds a server's programs",
    "footpred_dagster.core.database.credentials": "keeps secrets out of texts",
    "footpred_dagster.core.archive.s3": "moves bytes",
    "footpred_dagster.core.settings": "where things are",
    "footpred_dagster.core.archive.base": "moves bytes",
    "footpred_dagster.core.tracking.mlflow_log": "the experiment log, for people",
    "footpred_dagster.orchestration.asset_keys": "names of assets",
    "footpred_dagster.orchestration.dbt_project": "dbt's models have versions of their own",
    "footpred_dagster.defs.automation": "when an asset is materialized, not what comes of it",
    "footpred_dagster.defs.resources": "connections and clock; the cut that the clock makes is compared by itself",
    "footpred_dagster.expectations": "checks; they stop a run and change no row",
    "footpred_dagster.orchestration.metadata": "how the UI shows things",
    "footpred_dagster.orchestration.partitions": "names of partitions",
    "footpred_dagster.orchestration.refresh_planning": "when an asset is materialized, not what comes of it",
    "footpred_dagster.runner.cross_check": "which source results are checked against",
    "footpred_dagster.core.services": "addresses of services",
    "footpred_dagster.sources": "raw assets have the parser's version; for all others what was loaded is an input",
    "footpred_dagster.orchestration.experiment_log": "the experiment log, for people",
    "footpred_dagster.orchestration.versions": "compares versions",
}
"""Modules and packages that are not followed, each with its reason."""
_roots: dict[str, tuple[str, ...]] = {}


def code_version(*roots: str, data: bytes = b"", base: Path = ROOT) -> str:
    """Twelve hex digits that change when the code reached from the modules ``roots``, a library, or ``data`` does.

    Names of modules, comments, docstrings and import lines do not count.
    """
    parts = sorted(reached(*roots, base=base).values()) + libraries(*roots, base=base)
    version = hashlib.sha256("\n".join(parts).encode() + data).hexdigest()[:12]
    _roots[version] = roots
    return version


def modules_of(version: str) -> dict[str, str]:
    """Digest by name of the modules that a version given in this process was made of; empty for another one."""
    return reached(*_roots[version]) if version in _roots else {}


@cache
def reached(*roots: str, base: Path = ROOT) -> dict[str, str]:
    """Digest of each module reached from ``roots``, which are never left out, by name."""
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module] = _source(module, base).digest
            waiting += (name for name in _imported(module, base)[0] if _left_out(name) is None)
    return found


def libraries(*roots: str, base: Path = ROOT) -> list[str]:
    """Names and versions of LIBRARIES that the modules reached from ``roots`` import, in order."""
    used = set().union(*(_imported(module, base)[1] for module in reached(*roots, base=base)))
    return [f"{LIBRARIES[name]} {metadata.version(LIBRARIES[name])}" for name in sorted(used & LIBRARIES.keys())]


def _left_out(module: str) -> str | None:
    return next((name for name in LEFT_OUT if module == name or module.startswith(f"{name}.")), None)


@dataclass(frozen=True, slots=True)
class _Source:
    """imports: statements at any depth, but for those that only a type checker runs. digest: of everything else."""

    imports: tuple[ast.Import | ast.ImportFrom, ...]
    digest: str


@cache
def _source(module: str, base: Path) -> _Source:
    imports: list[ast.Import | ast.ImportFrom] = []
    tokens: list[str] = []
    _read(ast.parse(_path(module, base).read_text(encoding="utf-8")), imports, tokens)
    return _Source(tuple(imports), hashlib.sha256("\n".join(tokens).encode()).hexdigest())


def _path(module: str, base: Path) -> Path:
    path = base.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _exists(module: str, base: Path) -> bool:
    return module.partition(".")[0] == PACKAGE and _path(module, base).is_file()


@cache
def _imported(module: str, base: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Modules of ours that a module imports at any depth, and the first names of all others it imports."""
    ours: set[str] = set()
    others: set[str] = set()
    for node in _source(module, base).imports:
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            ours |= {name for name in names if _exists(name, base)}
            others |= {name.partition(".")[0] for name in names}
        elif node.module:
            ours |= {target for name in names if (target := _defined_in(node.module, name, base))}
            others.add(node.module.partition(".")[0])
    return frozenset(ours), frozenset(others)


def _defined_in(module: str, name: str, base: Path) -> str | None:
    """The module of ours behind ``from module import name``; of what a package passes on, the one it comes from."""
    if _exists(f"{module}.{name}", base):
        return f"{module}.{name}"
    if not _exists(module, base):
        return None
    if _path(module, base).name == "__init__.py":
        for node in _source(module, base).imports:
            names = {each.asname or each.name for each in node.names}
            if isinstance(node, ast.ImportFrom) and node.module and name in names:
                return _defined_in(node.module, name, base)
    return module


def _read(part: object, imports: list[ast.Import | ast.ImportFrom], tokens: list[str]) -> None:
    """Take a part of a syntax tree, which has no comments, to pieces: import statements, and what can change a result.

    In one walk: every process reads some hundred modules as it starts.
    """
    if isinstance(part, list):
        tokens.append("[")
        for each in part:
            _read(each, imports, tokens)
        tokens.append("]")
    elif isinstance(part, ast.Import | ast.ImportFrom):
        imports.append(part)
    elif not isinstance(part, ast.AST):
        tokens.append(repr(part))
    elif not _does_nothing(part):
        tokens.append(type(part).__name__)
        for name in part._fields:
            _read(getattr(part, name, None), imports, tokens)


def _does_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):  # a docstring
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Pass) or _is_for_types(node)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
