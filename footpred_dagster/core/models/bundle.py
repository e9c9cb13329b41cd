"""A fitted model as the service loads it: contract, ONNX graph, calibrator, golden rows and the native model.

Every file lies in the archive under its sha256, and so does the manifest that names them: the manifest's digest stands
for all of them, and nothing is used before it was compared. As a directory:

    bundle.json        recipe, contract (fingerprint, feature and league order), sha256 of every other file
    model.onnx         graph before calibration
    calibrator.json    temperature
    golden.json        inputs, missing values among them, and what the native model answered
    native/...         the model in its own form; the service never opens it
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.features.contract import LEAGUES, contract_of, fingerprint
from footpred_dagster.core.models.temperature import tempered

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model

MANIFEST = "bundle.json"
ONNX, CALIBRATOR, GOLDEN, NATIVE = "model.onnx", "calibrator.json", "golden.json", "native"
SUFFIXES = frozenset({".onnx", ".json", ".ubj"})
"""Nothing else is ever opened: no pickle gets near an interpreter."""
GOLDEN_ROWS = 12
"""Matches, taken evenly over the history; each stands there twice, the second time without what may be missing."""
_PLACES = {code: place for place, code in enumerate(LEAGUES)}
TOLERANCE = 1e-6
"""Greatest difference of a probability between ONNX and the native model."""


class BundleRefused(RuntimeError):
    """This is not a bundle that may predict here; the message names the file and the reason."""


class FingerprintMismatch(BundleRefused):
    """A model was fitted under another contract than the one in force; refit it."""


def pack(archive: Archive, model: Model, history: pd.DataFrame) -> str:
    """Archive ``model`` as a bundle and return the sha256 of its manifest; equal models give equal digests.

    ``history`` holds the matches it was fitted on. Raises BundleRefused when ONNX and the native model disagree on
    the golden rows, ValueError when the model holds NaN or infinity.
    """
    contents = {
        **{f"{NATIVE}/{name}": body for name, body in model.files().items()},
        ONNX: model.to_onnx(),
        CALIBRATOR: _json({"temperature": model.temperature}),
        GOLDEN: _json(_golden(model, history)),
    }
    manifest = {
        "format": 1,
        "recipe": model.name,
        "fingerprint": fingerprint(model.contract),
        "features": [feature.name for feature in model.contract],
        "leagues": LEAGUES,
        "outcomes": ["home", "draw", "away"],
        "files": {name: archive.put(body) for name, body in contents.items()},
    }
    digest = archive.put(_json(manifest))
    Bundle.load(archive, digest).self_test()
    return digest


def contents(archive: Archive, digest: str) -> dict[str, bytes]:
    """Every file of a bundle by its path, the manifest included, each compared with its sha256; raises BundleRefused.

    Raises ArchiveError when one is missing or damaged.
    """
    body = archive.get(digest)
    try:
        manifest: dict[str, Any] = json.loads(body)
        files = {str(name): str(digest) for name, digest in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleRefused(f"{digest} is not the manifest of a bundle: {error}") from error
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.suffix not in SUFFIXES:
            raise BundleRefused(f"{digest} holds {name!r}: a bundle is made of {', '.join(sorted(SUFFIXES))} alone")
    return {MANIFEST: body} | {name: archive.get(digest) for name, digest in files.items()}


def write(archive: Archive, digest: str, directory: Path) -> None:
    """Lay a bundle out as files under ``directory``."""
    for name, body in contents(archive, digest).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle ready to predict. ``files`` are verified bytes; the ONNX session is opened on one thread.

    ``inputs``: names of what the graph reads.
    """

    recipe: str
    fingerprint: str
    features: tuple[str, ...]
    temperature: float
    files: Mapping[str, bytes]
    session: Any
    inputs: frozenset[str]

    @classmethod
    def load(cls, archive: Archive, digest: str) -> Bundle:
        """Verify and open; raises BundleRefused (or its FingerprintMismatch), ArchiveError when an object is gone."""
        import onnxruntime  # with the first bundle: a third of a second

        files = contents(archive, digest)
        manifest = json.loads(files[MANIFEST])
        if missing := {ONNX, CALIBRATOR, GOLDEN} - set(files):
            raise BundleRefused(f"{digest} has no {', '.join(sorted(missing))}")
        in_force = fingerprint(contract_of(manifest["recipe"]))
        if manifest["fingerprint"] != in_force:
            raise FingerprintMismatch(
                f"{manifest['recipe']} ({digest[:12]}) was fitted under contract {manifest['fingerprint']}, in force "
                f"is {in_force}: run footpred run to refit"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(files[ONNX], options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common type but RuntimeError's parent
            raise BundleRefused(f"{digest}: {ONNX} does not load: {error}") from error
        temperature = float(json.loads(files[CALIBRATOR])["temperature"])
        features = tuple(manifest["features"])
        inputs = frozenset(item.name for item in session.get_inputs())
        return cls(manifest["recipe"], manifest["fingerprint"], features, temperature, files, session, inputs)

    @property
    def native(self) -> dict[str, bytes]:
        """Files of the native model by name."""
        return {name.removeprefix(f"{NATIVE}/"): body for name, body in self.files.items() if name.startswith(NATIVE)}

    def predict(self, features: npt.NDArray[np.float32], leagues: Sequence[str]) -> npt.NDArray[np.float64]:
        """Calibrated probabilities (n, 3) of features (n, len(self.features)), NaN where missing, and league codes."""
        given: dict[str, Any] = {}
        if "features" in self.inputs:
            given["features"] = np.ascontiguousarray(features, dtype=np.float32)
        if "league" in self.inputs:
            given["league"] = np.array([_PLACES.get(code, -1) for code in leagues], dtype=np.int64)
        (raw,) = self.session.run(["probabilities"], given)
        return tempered(raw, self.temperature)

    def predict_frame(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """The same for a frame with ``league`` and the feature columns."""
        return self.predict(frame.loc[:, list(self.features)].to_numpy(dtype=np.float32), frame["league"].tolist())

    def self_test(self) -> float:
        """Greatest difference from the golden answers; raises BundleRefused above TOLERANCE."""
        golden = json.loads(self.files[GOLDEN])
        features = np.array(golden["features"], dtype=np.float32)  # null becomes NaN
        difference = float(np.abs(self.predict(features, golden["leagues"]) - np.array(golden["probabilities"])).max())
        if not difference <= TOLERANCE:
            raise BundleRefused(
                f"{self.recipe}: ONNX differs from the native model by {difference:.1e} on the golden rows, "
                f"{TOLERANCE:.0e} is allowed"
            )
        return difference


def _golden(model: Model, history: pd.DataFrame) -> dict[str, Any]:
    """The same rows as a service would get them: single precision, null where a feature is missing."""
    places = np.unique(np.linspace(0, len(history) - 1, GOLDEN_ROWS).astype(int))
    rows = history.iloc[np.repeat(places, 2)].reset_index(drop=True)
    names = [feature.name for feature in model.contract]
    single = rows.loc[:, names].astype(np.float32)
    optional = [feature.name for feature in model.contract if feature.nullable]
    single.loc[1::2, optional] = np.nan
    rows[names] = single.astype(np.float64)
    features = [[None if np.isnan(value) else float(value) for value in row] for row in single.to_numpy()]
    probabilities = model.predict_proba(rows).tolist()
    return {"leagues": rows["league"].tolist(), "features": features, "probabilities": probabilities}


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, allow_nan=False).encode()
