"""What makes an asset stale: its code, its inputs, and, for what depends on the clock, the cut as_of makes."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import dagster as dg
import psycopg

from footpred_dagster.core.database.build_marks import codes_built
from footpred_dagster.core.features.contract import fingerprint
from footpred_dagster.sources.football_data.results import PARSER_VERSION
from footpred_dagster.sources.input_manifest import FEATURES

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "xgboost-cpu", "onnx", "onnxmltools", "onnxruntime")
"""What a fit computes with besides our own code."""
CUT = "as_of cut"
"""Metadata key: what the run's as_of let the asset see, as text. Another cut makes it stale, another as_of may not."""


def cut_version(content: str, cut: str) -> dg.DataVersion:
    """Data version of an asset that depends on the clock: its content and the cut it was made under."""
    return dg.DataVersion(hashlib.sha256(f"{content}|{cut}".encode()).hexdigest()[:16])


def code_of_fit(connection: psycopg.Connection, model_code: str) -> dict[str, str]:
    """Versions of everything between raw bytes and a fitted model, by part; equal ones fit equal models.

    ``model_code`` is that of the recipe's asset. ``features`` is what built the table that stands, ratings included.
    """
    return {
        "parser": PARSER_VERSION,
        "features": codes_built(connection).get(FEATURES) or "unknown",
        "contract": fingerprint(),
        "model": model_code,
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
