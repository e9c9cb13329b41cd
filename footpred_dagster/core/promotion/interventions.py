"""Interventions of people in the promotion policy: the champion is pinned, or a model is vetoed."""

from __future__ import annotations

from typing import Literal

import psycopg

Intervention = Literal["pin", "unpin", "veto", "unveto"]


def intervene(
    connection: psycopg.Connection,
    kind: Intervention,
    name: str | None,
    version: int | None,
    *,
    actor: str,
    because: str,
) -> None:
    """Record a pin of the champion, or a veto of a recipe (``version`` None) or of a version and its refits."""
    connection.execute(
        "insert into models.interventions (kind, name, version, actor, because) values (%s, %s, %s, %s, %s)",
        [kind, name, version, actor, because],
    )


def pinned(connection: psycopg.Connection) -> bool:
    """Whether the newest pin or unpin is a pin."""
    row = connection.execute("""
        select kind from models.interventions where kind in ('pin', 'unpin') order by intervention_id desc limit 1
    """).fetchone()
    return row == ("pin",)


def vetoes(connection: psycopg.Connection) -> dict[tuple[str, int], str]:
    """Why each vetoed version is, by name and version.

    The newest word on a version counts: on its recipe's name, on itself, or on a version that the same code and
    hyperparameters made, as a refit tomorrow is the same model.
    """
    rows = connection.execute("""
        select distinct on (versions.name, versions.version)
            versions.name, versions.version, told.because, told.kind
        from models.versions
        inner join models.interventions as told on told.name = versions.name and told.kind in ('veto', 'unveto')
        left join models.versions as meant on meant.name = told.name and meant.version = told.version
        where told.version is null or told.version = versions.version
            or (meant.recipe = versions.recipe and versions.recipe <> '')
        order by versions.name, versions.version, told.intervention_id desc
    """).fetchall()
    return {(name, version): because for name, version, because, kind in rows if kind == "veto"}
