"""What a package imports is what its extra installs: images hold nothing else, and a laptop, which has it all, would
never notice."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from footpred_dagster.core.settings import PACKAGE_ROOT

OURS = {"footpred_dagster", "serving", "dashboards"}
EXTRAS = {"footpred_dagster": ("pipeline", "k8s"), "serving": ("serving",), "dashboards": ("dashboards",)}


def imported(package: str) -> Iterator[tuple[str, str]]:
    """File and top-level module of every import that is neither Python's nor ours."""
    for file in sorted((PACKAGE_ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names} - OURS - sys.stdlib_module_names:
                yield file.relative_to(PACKAGE_ROOT).as_posix(), top


@cache
def closure(name: str, extras: tuple[str, ...]) -> frozenset[str]:
    """Distributions that come with one, by the names the index knows them by."""
    found: set[tuple[str, tuple[str, ...]]] = set()
    asked = [(name, extras)]
    while asked:
        name, extras = asked.pop()
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform
        for needed in map(Requirement, lines):
            known = (canonicalize_name(needed.name), tuple(sorted(needed.extras)))
            asked_for = not needed.marker or any(needed.marker.evaluate({"extra": each}) for each in ("", *extras))
            if asked_for and known not in found:
                found.add(known)
                asked.append(known)
    return frozenset(name for name, _ in found)


@pytest.mark.parametrize("package", sorted(EXTRAS))
def test_what_is_imported_is_installed(package):
    installed = closure("footpred", EXTRAS[package])
    whose = metadata.packages_distributions()
    missing = {
        (file, module)
        for file, module in imported(package)
        if not {canonicalize_name(name) for name in whose.get(module, [])} & installed
    }
    assert missing == set()


def test_the_closure_of_an_extra_is_not_everything():
    """Forbids a closure that would let anything pass."""
    assert "litestar" not in closure("footpred", EXTRAS["footpred_dagster"])
    assert {"dagster", "pandas"} & closure("footpred", EXTRAS["serving"]) == set()
