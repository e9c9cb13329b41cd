"""Live scores may roll a champion back to the one before it, when it surely did worse."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.promotion.interventions import pinned
from footpred_dagster.core.promotion.policy import live_rollback
from footpred_dagster.core.promotion.refits import heir
from footpred_dagster.core.registry.promotions import champion, champions, roll_back
from footpred_dagster.core.registry.versions import candidate
from footpred_dagster.core.statistics.bootstrap import in_whole_weeks

ACTOR = "live scores"


def roll_back_if_worse(connection: psycopg.Connection, archive: Archive, as_of: datetime) -> str | None:
    """Put the earlier champion back when the present one's live log-loss is worse; why, or None.

    Both are compared on the matches that both predicted live since the champion was promoted, in weeks that were over
    at ``as_of``; the earlier one went on predicting in the champion's shadow. Its newest fit that may serve takes over;
    while none may, and while the champion is pinned, that one stays.
    """
    rivals = live_losses(connection)
    if rivals is None or pinned(connection):
        return None
    judged = rivals[in_whole_weeks(rivals["kickoff"], as_of)]
    because = live_rollback(judged["champion"].to_numpy(), judged["rival"].to_numpy(), judged["kickoff"])
    if because is None:
        return None
    gone, rival = champion(connection), str(rivals.attrs["rival"])
    assert gone is not None
    newest = candidate(connection, rival)  # as it predicted in the shadow
    crowned = [version for version, _ in champions(connection) if version.name == rival]
    back, refused = heir(connection, archive, dict.fromkeys([newest, *crowned] if newest else crowned))
    if back is None:
        return f"{gone.name} version {gone.version} stays though it is worse ({because}): {'; '.join(refused)}"
    roll_back(connection, back, as_of=as_of, actor=ACTOR, because=because)
    return f"{gone.name} version {gone.version} was rolled back to {back.name} version {back.version}: {because}"


def live_losses(connection: psycopg.Connection) -> pd.DataFrame | None:
    """``kickoff``, ``champion``, ``rival``: log-losses of both on the same settled live matches, by kickoff.

    The rival is the newest earlier champion of another recipe; None without one. Of several predictions of a match
    the last before kickoff counts.
    """
    reigns = champions(connection)
    if not reigns:
        return None
    (present, since), *past = reigns
    rival = next((version for version, _ in past if version.name != present.name), None)
    if rival is None:
        return None
    query = sql.SQL("""
        with newest as (
            select distinct on (match_id, model_name) match_id, model_name, kickoff, log_loss
            from predictions.latest_scores
            where kind = 'live' and sealed_at >= {since} and model_name in ({present}, {rival})
            order by match_id, model_name, as_of desc, seq desc
        )
        select ours.kickoff, ours.log_loss as champion, theirs.log_loss as rival
        from newest as ours inner join newest as theirs using (match_id)
        where ours.model_name = {present} and theirs.model_name = {rival}
        order by ours.kickoff, match_id
    """).format(since=sql.Literal(since), present=sql.Literal(present.name), rival=sql.Literal(rival.name))
    found = read_frame(connection, query, floats=("champion", "rival"), instants=("kickoff",))
    found.attrs["rival"] = rival.name
    return found


def demoted(connection: psycopg.Connection) -> dict[tuple[str, str], str]:
    """Why, by name and recipe, of those that live scores ended the reign of; ``footpred unveto`` lets them back.

    The recipe is barred, not the version: a refit tomorrow is the same model.
    """
    rows = connection.execute(
        """
        with decisions as (
            select promotion_id, decided_at, decision, actor, because,
                lag(name) over (order by promotion_id) as gone, lag(version) over (order by promotion_id) as number
            from models.decisions where name is not null
        )
        select distinct on (versions.name, versions.recipe) versions.name, versions.recipe, decisions.because
        from decisions
        inner join models.versions on versions.name = decisions.gone and versions.version = decisions.number
        where decisions.decision = 'rolled back' and decisions.actor = %s and not exists (
            select from models.interventions
            where interventions.kind = 'unveto' and interventions.name = versions.name
                and interventions.decided_at > decisions.decided_at
        )
        order by versions.name, versions.recipe, decisions.promotion_id desc
        """,
        [ACTOR],
    ).fetchall()
    return {(name, recipe): f"live scores: {because}" for name, recipe, because in rows}
