"""The champion's bundle in memory: verified and tried before it takes over, the last good one kept until then."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from footpred_dagster.core.archive.base import Archive, ArchiveError
from footpred_dagster.core.features.contract import FEATURE_NAMES, MARKET_AWARE_MODEL
from footpred_dagster.core.features.online_store import FeatureRow
from footpred_dagster.core.models.bundle import Bundle, BundleRefused
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.promotions import CHAMPION_CHANNEL
from footpred_dagster.core.registry.versions import ModelVersion
from serving import metrics

log = logging.getLogger("footpred.service")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A bundle that passed. ``difference``: the greatest one from its golden answers."""

    version: ModelVersion
    bundle: Bundle
    places: npt.NDArray[np.int64]
    difference: float
    loaded_at: datetime

    def predict(self, rows: Sequence[FeatureRow], leagues: Sequence[str]) -> npt.NDArray[np.float64]:
        """(n, 3) calibrated probabilities."""
        features = np.stack([row.values for row in rows])[:, self.places].astype(np.float32)
        with metrics.INFERENCE.time():
            return self.bundle.predict(features, leagues)


class Champion:
    """``loaded`` is what predicts; ``problem`` says why it is not the champion, when it is not."""

    channels = (CHAMPION_CHANNEL,)

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.loaded: Loaded | None = None
        self.wanted: ModelVersion | None = None
        self.problem: str | None = None
        self._refused: set[str] = set()

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Load what the newest promotion names; where that is refused keep what there is, else take an earlier one."""
        wanted = promotions.champion(connection)
        if wanted != self.wanted:
            self._refused.clear()  # somebody decided anew: what was refused may be repaired
        self.wanted = wanted
        if wanted is None:
            self.problem = "nothing was promoted yet"
        elif self.loaded is None or self.loaded.version != wanted:
            for version in self._candidates(connection, wanted):
                if self._load(version):
                    break
        if wanted is not None and self.loaded is not None and self.loaded.version == wanted:
            self.problem = None
        metrics.MODEL_OK.set(self.problem is None)

    def _candidates(self, connection: psycopg.Connection[Any], wanted: ModelVersion) -> Iterator[ModelVersion]:
        yield wanted
        if self.loaded is None:
            yield from (version for version, _ in promotions.champions(connection) if version != wanted)

    def _load(self, version: ModelVersion) -> bool:
        name = f"{version.name} version {version.version}"
        try:
            if version.name == MARKET_AWARE_MODEL:
                raise BundleRefused("it reads prices and predicts beside the champion only")
            bundle = versions.load(self._archive, version)
            if bundle.fingerprint != version.fingerprint:
                raise BundleRefused(f"it is registered under contract {version.fingerprint}, not {bundle.fingerprint}")
            difference = bundle.self_test()
            places = np.array([FEATURE_NAMES.index(feature) for feature in bundle.features])
        except Exception as error:  # in whatever way it fails, the last good one stays
            expected = isinstance(error, (BundleRefused, ArchiveError, ValueError))
            problem = f"{name}: {error}" if expected else f"{name}: {type(error).__name__}: {error}"
            if self.problem is None or version == self.wanted:
                self.problem = problem
            if problem not in self._refused:
                self._refused.add(problem)
                log.error("champion refused, the last good one stays: %s", problem)
            return False
        before, self.loaded = self.loaded, Loaded(version, bundle, places, difference, datetime.now(UTC))
        if before:
            metrics.MODEL.labels(before.version.name, str(before.version.version)).set(0)
        metrics.MODEL.labels(version.name, str(version.version)).set(1)
        metrics.REGISTERED.set(version.as_of.timestamp())
        log.info("%s predicts%s", name, f" in place of version {before.version.version}" if before else "")
        return True
