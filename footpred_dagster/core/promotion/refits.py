"""What a fit would serve: whether its bundle answers, its temperatures, how far it moved from the fit before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive, ArchiveError
from footpred_dagster.core.domain import Season
from footpred_dagster.core.evaluation.walk_forward import readable
from footpred_dagster.core.evaluation.windows import of_seasons
from footpred_dagster.core.features.contract import contract_of, fingerprint
from footpred_dagster.core.models.base import whole_seasons
from footpred_dagster.core.models.bundle import Bundle, BundleRefused
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.models.stack import temperatures
from footpred_dagster.core.promotion.fit_gates import FIT_GATES, Contender, Fitted, Moved, may_serve
from footpred_dagster.core.promotion.interventions import vetoes
from footpred_dagster.core.registry.decision import Verdict
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.registry.versions import ModelVersion, load, version_where

REFUSALS_IN_A_ROW = 2
"""From so many on a person is to look: whatever changed does not go away by itself."""


def examine(
    connection: psycopg.Connection, archive: Archive, version: ModelVersion, frame: pd.DataFrame | None = None
) -> Fitted:
    """What ``version`` would serve; with ``frame``, the matches it was fitted on, compared with the fit before it."""
    try:
        bundle = load(archive, version)
        bundle.self_test()
        found = temperatures(ALL_RECIPES[version.name].from_files(bundle.native))
    except (BundleRefused, ArchiveError) as error:
        return Fitted(problem=str(error))
    earlier = None if frame is None else earlier_fit(connection, version)
    moved = None if earlier is None or frame is None else _moved(archive, bundle, version, earlier, frame)
    return Fitted(temperatures=found, moved=moved)


def unfit(connection: psycopg.Connection, archive: Archive, version: ModelVersion) -> list[str]:
    """Why ``version`` may not take over by a rollback; empty when it may.

    How it was calibrated, and how far it moved from the fit before it, was judged when it was fitted: who was refused
    then, and never promoted by hand, is refused now.
    """
    each = Contender(
        version.name,
        version.version,
        version.recipe,
        version.fingerprint,
        version.profile,
        examine(connection, archive, version),
    )
    verdicts = may_serve(each, fingerprint(contract_of(version.name)), vetoes(connection))
    found = [
        verdict.says for verdict in verdicts if not verdict.passed and verdict.gate not in ("temperature", "refit")
    ]
    row = connection.execute(
        """
        select refused from models.versions
        where (name, version) = (%(name)s, %(version)s) and refused is not null and not exists (
            select from models.decisions where (name, version) = (%(name)s, %(version)s))
        """,
        {"name": version.name, "version": version.version},
    ).fetchone()
    return found + ([f"the fit was refused: {row[0]}"] if row else [])


def heir(
    connection: psycopg.Connection, archive: Archive, versions: Iterable[ModelVersion]
) -> tuple[ModelVersion | None, list[str]]:
    """The first of ``versions`` that may serve, and why each before it may not."""
    refused: list[str] = []
    for version in versions:
        reasons = unfit(connection, archive, version)
        if not reasons:
            return version, refused
        refused.append(f"{version.name}:{version.version} may not serve: {'; '.join(reasons)}")
    return None, refused


def earlier_fit(connection: psycopg.Connection, version: ModelVersion) -> ModelVersion | None:
    """The fit whose place ``version`` would take: the champion if it is of the same recipe, code and contract, else the
    newest such version before it that was not refused. None for the first, and for the champion itself."""
    same = (version.name, version.recipe, version.fingerprint, version.profile)
    in_force = champion(connection)
    if in_force == version:
        return None
    if in_force and (in_force.name, in_force.recipe, in_force.fingerprint, in_force.profile) == same:
        return in_force
    return version_where(
        connection,
        "(name, recipe, fingerprint, profile) = (%s, %s, %s, %s) and version < %s and refused is null",
        *(*same, version.version),
    )


def _moved(
    archive: Archive, bundle: Bundle, version: ModelVersion, earlier: ModelVersion, frame: pd.DataFrame
) -> Moved | None:
    """On the last whole season that both trained on; None when there is none or the earlier bundle is gone."""
    try:
        before = load(archive, earlier)
    except (BundleRefused, ArchiveError):
        return None
    both = min(version.as_of, earlier.as_of)
    known = readable(ALL_RECIPES[version.name], frame[frame["kickoff"] < both])
    seasons = [season for season in whole_seasons(known) if Season.stored(season).end <= both]
    if not seasons:
        return None
    matches = known[of_seasons(known, seasons[-1:])]
    furthest = np.abs(bundle.predict_frame(matches) - before.predict_frame(matches)).max(axis=1)
    return Moved(earlier.version, seasons[-1], len(matches), float(furthest.mean()))


def remember_refusals(
    connection: psycopg.Connection, candidates: Sequence[ModelVersion], verdicts: Mapping[str, Sequence[Verdict]]
) -> None:
    """Keep with each candidate why its fit was refused, in the caller's transaction; nothing where it was not."""
    for each in candidates:
        refusals = [
            verdict.says for verdict in verdicts.get(each.name, ()) if verdict.gate in FIT_GATES and not verdict.passed
        ]
        connection.execute(
            "update models.versions set refused = %s where name = %s and version = %s",
            ["; ".join(refusals) or None, each.name, each.version],
        )


def refused_in_a_row(connection: psycopg.Connection) -> list[tuple[int, str]]:
    """Versions of the champion's recipe fitted since it, newest first, with why each was refused; up to the newest that
    was not."""
    in_force = champion(connection)
    if in_force is None:
        return []
    rows = connection.execute(
        """
        select version, refused from models.versions
        where name = %s and recipe = %s and profile = 'production' and version > %s order by version desc
        """,
        [in_force.name, in_force.recipe, in_force.version],
    ).fetchall()
    kept = next((place for place, (_, refused) in enumerate(rows) if refused is None), len(rows))
    return rows[:kept]
