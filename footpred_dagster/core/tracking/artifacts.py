"""The files an MLflow run keeps of a fit: the bundle, and pages about it for people. No pickle among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version as package_version
from pathlib import Path

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.models import bundle
from footpred_dagster.core.tracking import model_card, plots
from footpred_dagster.core.tracking.model_card_data import CardFacts

BUNDLE = "bundle"
"""Folder of the bundle, laid out as files."""
REQUIREMENTS = ("onnxruntime", "numpy")
"""What a bundle needs to predict."""


def write(folder: Path, archive: Archive, facts: CardFacts) -> None:
    """Lay every file of a fit out under ``folder``; raises BundleRefused or ArchiveError when the bundle is not whole.

    ``model_card.md``, ``requirements.txt`` and ``bundle/`` are always there, ``calibration.png`` where something was
    judged, ``feature_importance.json`` and ``.png`` where the recipe reads features.
    """
    bundle.write(archive, facts.version.artifact_sha256, folder / BUNDLE)
    for name, body in _pages(facts):
        (folder / name).write_bytes(body)


def _pages(facts: CardFacts) -> Iterator[tuple[str, bytes]]:
    note = "simulated" if facts.simulated else ""
    yield "model_card.md", model_card.render(facts).encode()
    pins = [f"{package}=={package_version(package)}" for package in REQUIREMENTS]
    yield "requirements.txt", ("\n".join(pins) + "\n").encode()
    if facts.newest:
        seasons = " and ".join(facts.newest.seasons)
        yield "calibration.png", plots.calibration(facts.bins, f"{facts.title}: calibration, {seasons}", note)
    if facts.importance:
        yield "feature_importance.json", json.dumps(facts.importance, indent=1).encode()
        yield (
            "feature_importance.png",
            plots.feature_importance(facts.importance, f"{facts.title}: what it looks at", note),
        )
