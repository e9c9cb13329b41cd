"""Bundles: what the service will run answers as what was fitted, and nothing else is ever opened."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.features.contract import FEATURE_NAMES, LEAGUES
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.boosted_trees import Boosting
from footpred_dagster.core.models.bundle import MANIFEST, ONNX, Bundle, BundleRefused
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.statistics.scoring_rules import check
from tests.support.features import random_features


def history(n: int = 900, seed: int = 4) -> pd.DataFrame:
    """Matches whose outcome follows two features; a tenth of the form columns is missing."""
    chance = np.random.default_rng(seed)
    frame = random_features(n, chance)
    form = [name for name in FEATURE_NAMES if "_last_" in name]
    frame[form] = frame[form].mask(chance.random((n, len(form))) < 0.1)
    edge = frame["log_goals_difference"] + 0.3 + chance.logistic(0, 1, n)
    return frame.assign(
        elo_difference=frame["elo_difference"] * 100,
        league=chance.choice(LEAGUES, n),
        season=chance.choice(["2021-22", "2022-23", "2023-24"], n),
        outcome=np.where(edge > 0.5, 0, np.where(edge > -0.5, 1, 2)),
    )


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_bundle_answers_as_the_native_model_missing_values_and_unknown_leagues_included(recipe, archive):
    model = recipe().fit(history())
    loaded = Bundle.load(archive, bundle.pack(archive, model, history()))
    asked = history(200, seed=5)
    asked.loc[::3, [name for name in FEATURE_NAMES if "_last_" in name]] = np.nan
    asked.loc[::7, "league"] = "XX"
    predicted = loaded.predict_frame(asked)
    check(predicted, asked["outcome"].to_numpy())
    np.testing.assert_allclose(predicted, model.predict_proba(asked), atol=1e-6)
    assert loaded.self_test() <= 1e-6
    again = recipe.from_files(loaded.native)
    np.testing.assert_array_equal(again.predict_proba(asked), model.predict_proba(asked))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_equal_fits_give_equal_digests(recipe, archive):
    first, second = (bundle.pack(archive, recipe().fit(history()), history()) for _ in range(2))
    assert first == second


def test_a_bundle_is_laid_out_as_files_somebody_else_can_read(archive, tmp_path):
    bundle.write(archive, bundle.pack(archive, RECIPES["elo_logit"]().fit(history()), history()), tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {MANIFEST, ONNX, "calibrator.json", "golden.json", "native/parameters.json"}


def _altered(archive: LocalArchive, change) -> str:
    """Digest of a good bundle after ``change`` altered its manifest."""
    digest = bundle.pack(archive, RECIPES["elo_logit"]().fit(history()), history())
    manifest = json.loads(archive.get(digest))
    change(manifest)
    return archive.put(json.dumps(manifest).encode())


def test_a_pickle_in_a_bundle_is_refused_and_never_opened(archive):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    digest = archive.put(pickle.dumps(Bomb()))
    with pytest.raises(BundleRefused, match=r"native/model\.pkl"):
        Bundle.load(archive, _altered(archive, lambda manifest: manifest["files"].update({"native/model.pkl": digest})))


@pytest.mark.parametrize("name", ["../../etc/model.onnx", "/model.onnx"])
def test_a_file_that_would_leave_the_folder_is_refused(archive, name, tmp_path):
    digest = _altered(archive, lambda manifest: manifest["files"].update({name: manifest["files"][ONNX]}))
    with pytest.raises(BundleRefused, match="holds"):
        bundle.write(archive, digest, tmp_path / "out")


def test_what_is_no_manifest_no_graph_or_incomplete_is_refused_with_the_reason(archive):
    with pytest.raises(BundleRefused, match="not the manifest"):
        Bundle.load(archive, archive.put(b"Div,Date"))
    with pytest.raises(BundleRefused, match=r"has no golden\.json"):
        Bundle.load(archive, _altered(archive, lambda manifest: manifest["files"].pop("golden.json")))
    noise = archive.put(b"\0 no graph")
    with pytest.raises(BundleRefused, match=r"model\.onnx does not load"):
        Bundle.load(archive, _altered(archive, lambda manifest: manifest["files"].update({ONNX: noise})))


def test_a_graph_that_answers_otherwise_fails_its_golden_rows(archive):
    """A good graph of another model under the same manifest: bytes verify, answers do not."""
    other = archive.put(RECIPES["elo_logit"]().fit(history(seed=9)).to_onnx())
    digest = _altered(archive, lambda manifest: manifest["files"].update({ONNX: other}))
    with pytest.raises(BundleRefused, match="differs from the native model"):
        Bundle.load(archive, digest).self_test()


def test_boosting_calibrates_on_a_season_it_has_not_learned():
    """An overconfident booster is told apart from a calibrated one only by matches it has not seen."""
    model = Boosting().fit(history())
    assert 0.5 < model.temperature < 2
    assert model.temperature != 1.0
    one_season = history().assign(season="2023-24")
    assert Boosting().fit(one_season).temperature == 1.0


def test_importance_is_a_share_and_names_what_decides():
    shares = Boosting().fit(history()).importance()
    assert sum(shares.values()) == pytest.approx(1)
    assert next(iter(shares)) == "log_goals_difference"
