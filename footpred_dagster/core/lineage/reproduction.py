"""What it takes to fit a version again from archived bytes, and whether the same came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.lineage.input_manifest import Inputs
from footpred_dagster.core.registry.promotions import champion

TOLERANCE = 1e-9
METRICS = ("n", "log_loss", "rps", "brier", "ece", "accuracy", "se")


class NotReproducible(LookupError):
    """There is no such version, or what it was fitted on was not kept; the message says which."""


@dataclass(frozen=True, slots=True)
class RegisteredFit:
    """A version as its fit left it: input manifest, as_of, out-of-season scores, and what it was computed with."""

    name: str
    version: int
    bundle_sha256: str
    inputs_sha256: str
    as_of: datetime
    metrics: Sequence[Mapping[str, Any]]
    code: Mapping[str, str]
    git_commit: str


def registered_fit(connection: psycopg.Connection, name: str | None, version: int) -> RegisteredFit:
    """A version of a recipe, of the champion's when ``name`` is None; raises NotReproducible."""
    if name is None:
        in_force = champion(connection)
        if in_force is None:
            raise NotReproducible("there is no champion: name the recipe with --model")
        name = in_force.name
    row = connection.execute(
        """
        select name, version, artifact_sha256, inputs_sha256, fitted_as_of, metrics, code, git_commit
        from models.versions where name = %s and version = %s
        """,
        [name, version],
    ).fetchone()
    if row is None:
        known = connection.execute("select name, max(version) from models.versions group by 1 order by 1").fetchall()
        listed = ", ".join(f"{model} up to {newest}" for model, newest in known) or "none"
        raise NotReproducible(f"{name} has no version {version}; versions are: {listed}")
    if row[3] is None:
        raise NotReproducible(f"{name} version {version}: what it was fitted on is not recorded")
    return RegisteredFit(*row)


def missing_objects(archive: Archive, inputs: Inputs) -> list[str]:
    """Partitions of a manifest whose body the archive no longer has."""
    present = frozenset(archive.digests())
    return [partition.partition for partition in inputs.partitions if partition.sha256 not in present]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One score at registration and now; None where there was none, or where it is infinite."""

    league: str
    seasons: str
    metric: str
    registered: float | None
    reproduced: float | None

    @property
    def difference(self) -> float | None:
        if self.registered is None or self.reproduced is None:
            return None
        return self.reproduced - self.registered

    @property
    def same(self) -> bool:
        if self.difference is None:
            return self.registered is self.reproduced
        return abs(self.difference) <= TOLERANCE


def compare(registered: Sequence[Mapping[str, Any]], reproduced: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """Every score of either side, in the order of the first; a group only one side has differs in all of them."""
    then, now = ({(row["league"], row["seasons"]): row for row in rows} for rows in (registered, reproduced))
    return [
        Comparison(*group, metric, then.get(group, {}).get(metric), now.get(group, {}).get(metric))
        for group in dict.fromkeys([*then, *now])
        for metric in METRICS
    ]


def changed_code(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts of the code, libraries among them, that are not what they were."""
    return [part for part in dict.fromkeys([*then, *now]) if then.get(part) != now.get(part)]
