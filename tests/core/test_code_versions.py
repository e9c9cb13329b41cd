"""Code versions, on a copy of the package that is changed: what makes an asset stale, and what does not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from footpred_dagster.core.code_versions import LEFT_OUT, PACKAGE, ROOT, code_version, libraries, reached
from footpred_dagster.core.models.recipes import ALL_RECIPES

SCORES = f"{PACKAGE}.defs.predictions.scores"
CANDIDATES = f"{PACKAGE}.defs.models.candidates"
LEDGER = f"{PACKAGE}.defs.predictions.ledger"


@pytest.fixture
def package(tmp_path) -> Path:
    for path in (ROOT / PACKAGE).rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path


@pytest.fixture
def change(package, tmp_path_factory) -> Callable[..., tuple[bool, bool]]:
    """Edits a module; tells of an asset's module whether its version is another than that of the code as it is."""

    def change(module: str, edit: Callable[[str], str], asset: str) -> bool:
        path = package / PACKAGE / f"{module.replace('.', '/')}.py"
        before = path.read_text()
        path.write_text(edit(before))
        assert path.read_text() != before
        return code_version(asset, base=package) != code_version(asset)

    return change


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def test_a_copy_has_the_version_of_the_original(package):
    assert code_version(SCORES, base=package) == code_version(SCORES)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "\n# a comment\n",
        lambda text: re.sub(r'^""".*?"""', '"""Another docstring."""', text, count=1, flags=re.DOTALL),
        lambda text: text.replace("import numpy as np\n", "import numpy as np\nimport os\n", 1),
        lambda text: text.replace("\n\n\n", "\n\n\n\n", 1),
        replaced("    ", "    # inside\n    "),
    ],
    ids=["comment", "docstring", "import", "blank line", "comment inside"],
)
def test_what_computes_nothing_makes_nothing_stale(change, edit):
    assert not change("core.statistics.scoring_rules", edit, SCORES)


@pytest.mark.parametrize(
    ("module", "old", "new", "asset"),
    [
        pytest.param("core.statistics.scoring_rules", "ECE_BINS = 10", "ECE_BINS = 11", SCORES, id="a metric"),
        pytest.param("core.domain.odds", "return ", "return 2 * ", SCORES, id="odds"),
        pytest.param("core.features.dataset", "kickoff < {as_of}", "kickoff <= {as_of}", CANDIDATES, id="as_of"),
        pytest.param("core.features.contract", "FEATURE_NAMES", "FEATURE_NAMES_", CANDIDATES, id="the contract"),
        pytest.param("core.models.temperature", "SPREAD = 0.1", "SPREAD = 0.2", CANDIDATES, id="calibration"),
        pytest.param("core.domain.leagues", "FIRST_SEASON = 1993", "FIRST_SEASON = 1994", LEDGER, id="the domain"),
        pytest.param("core.models.reasons", "return ", "return None or ", LEDGER, id="reasons"),
    ],
)
def test_what_computes_makes_stale_the_assets_that_use_it(change, module, old, new, asset):
    assert change(module, replaced(old, new), asset)


def test_what_an_asset_does_not_reach_leaves_it_fresh(change):
    assert not change("core.promotion.policy", replaced("NON_INFERIOR = 0.0005", "NON_INFERIOR = 0.1"), CANDIDATES)


def test_a_module_that_moves_leaves_its_version_as_it_was(package):
    core = package / PACKAGE / "core"
    (core / "measures").mkdir()
    (core / "measures/__init__.py").write_text('"""Measures."""\n')
    shutil.move(core / "statistics/scoring_rules.py", core / "measures/metrics.py")
    for path in package.rglob("*.py"):
        path.write_text(
            path.read_text().replace(
                "footpred_dagster.core.statistics.scoring_rules", "footpred_dagster.core.measures.metrics"
            )
        )
    assert code_version(SCORES, base=package) == code_version(SCORES)
    assert f"{PACKAGE}.core.measures.metrics" in reached(SCORES, base=package)


def test_what_a_package_passes_on_is_followed_to_where_it_is_defined():
    names = reached(f"{PACKAGE}.core.features.contract")
    assert f"{PACKAGE}.core.domain.leagues" in names
    assert f"{PACKAGE}.core.domain.zones" not in names


def test_the_library_that_computes_counts_and_other_recipes_do_not():
    boosting = ALL_RECIPES["xgboost"].__module__
    assert [each.split()[0] for each in libraries(boosting)] == ["onnxmltools", "scipy", "xgboost-cpu"]
    assert libraries(SCORES) == []
    assert ALL_RECIPES["dixon_coles"].__module__ not in reached(boosting)


def test_every_module_left_out_is_there_and_has_a_reason():
    missing = [name for name in LEFT_OUT if not (ROOT / name.replace(".", "/")).with_suffix(".py").is_file()
               and not (ROOT / name.replace(".", "/")).is_dir()]  # fmt: skip
    assert missing == []
    assert all(LEFT_OUT.values())
