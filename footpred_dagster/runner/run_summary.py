"""What commands say at the end: counts of the warehouse and the state of every asset."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg

from footpred_dagster.core.clubs.names import pending_names
from footpred_dagster.core.evaluation.report import ALIASES
from footpred_dagster.core.matches.data_origin import simulated
from footpred_dagster.core.matches.held_seasons import held_seasons
from footpred_dagster.core.registry.last_decision import POLICY
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.orchestration.asset_states import asset_states
from footpred_dagster.orchestration.code_log import changed_modules
from footpred_dagster.runner.run_request import Outcome, Request
from footpred_dagster.runner.selection import Selection
from footpred_dagster.sources.clients.base import results_path
from footpred_dagster.sources.league_seasons import league_seasons


def warehouse_counts(connection: psycopg.Connection, selection: Selection, clock: datetime) -> dict[str, Any]:
    """Totals the warehouse holds within the selection and before ``clock`` (fixtures: after it)."""
    today = datetime.now(UTC).date()
    pairs = {pair.key: pair for pair in league_seasons(today) if selection.covers(pair.league, pair.season)}
    scope = {"keys": list(pairs), "clock": clock}
    loaded = connection.execute("select partition_key from raw.loads where partition_key = any(%(keys)s)", scope)
    files = {results_path(pairs[key].league, pairs[key].season) for (key,) in loaded.fetchall()}
    row = connection.execute(
        """
        select
            (select count(*) from intermediate.int_matches where league || '|' || season = any(%(keys)s)
                and status = 'played' and kickoff < %(clock)s),
            (select count(*) from intermediate.int_fixtures where league || '|' || season = any(%(keys)s)
                and kickoff > %(clock)s)
        """,
        scope,
    ).fetchone() or (0, 0)
    quarantined = connection.execute(
        """
        select reason, count(*) from raw.quarantine
        where partition_key = 'fixtures' or partition_key = any(%(keys)s)
        group by reason order by count(*) desc, reason
        """,
        scope,
    ).fetchall()
    return {"files": len(files), "matches": row[0], "fixtures": row[1], "quarantined": dict(quarantined)}


def champion_name(connection: psycopg.Connection) -> dict[str, Any] | None:
    in_force = champion(connection)
    return {"name": in_force.name, "version": in_force.version} if in_force else None


def by_hand(connection: psycopg.Connection) -> dict[str, str] | None:
    """The decision that the champion is in force by, by whom and why; None where the policy decided."""
    row = connection.execute("""
        select decision, actor, because from models.decisions where decision not in ('kept', 'none')
        order by promotion_id desc limit 1
    """).fetchone()
    return dict(zip(("decision", "by", "because"), row, strict=True)) if row and row[1] != POLICY else None


def without_champion(connection: psycopg.Connection) -> dict[str, list[str]]:
    """By candidate, why the newest decision left nobody to predict; empty while there is a champion."""
    if champion(connection):
        return {}
    row = connection.execute("select reasons from models.decisions order by promotion_id desc limit 1").fetchone()
    verdicts = row[0] if row else {}
    return {name: [each["says"] for each in gates if not each["passed"]] for name, gates in verdicts.items()}


def data_age(connection: psycopg.Connection) -> dict[str, str | None]:
    """Instants (ISO, UTC) of the newest answer from a source and of the newest played match."""
    row = connection.execute("""
        select
            (select max(fetched_at) from raw.fetches),
            (select max(match_date) from raw.matches where home_goals is not null)
    """).fetchone() or (None, None)
    return {
        "newest_fetch": row[0].astimezone(UTC).isoformat() if row[0] else None,
        "newest_match": row[1].isoformat() if row[1] else None,
    }


def final_scores(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Stored scores of the final window, all leagues and top five; titled ones (champion, elo) again by title."""
    rows = connection.execute("""
        select model, league, seasons, n, log_loss, rps, brier, ece, accuracy, se from models.evaluation
        where "window" = 'final' and league in ('all', 'top5') order by league, log_loss, model
    """).fetchall()
    names = ("model", "league", "seasons", "n", "log_loss", "rps", "brier", "ece", "accuracy", "se")
    scores = [dict(zip(names, row, strict=True)) for row in rows]
    in_force = champion(connection)
    titles = ALIASES | {"champion": in_force.name if in_force else None}
    return scores + [row | {"model": title} for row in scores for title, name in titles.items() if row["model"] == name]


def ledger_counts(connection: psycopg.Connection, clock: datetime, sealed_before: int) -> dict[str, int]:
    """Fixtures listed, those past ``clock``, those open that the champion has sealed, and rows sealed by this run."""
    in_force = champion(connection)
    row = connection.execute(
        """
        select
            (select count(*) from intermediate.int_fixtures),
            (select count(*) from intermediate.int_fixtures where kickoff <= %(clock)s),
            (select count(distinct fixtures.match_id) from intermediate.int_fixtures as fixtures
                inner join predictions.ledger using (match_id)
                where fixtures.kickoff > %(clock)s and model_name = %(name)s and model_version = %(version)s),
            (select count(*) from predictions.ledger where role = 'champion')
        """,
        {
            "clock": clock,
            "name": in_force.name if in_force else None,
            "version": in_force.version if in_force else None,
        },
    ).fetchone() or (0, 0, 0, 0)
    listed, past, predicted, rows = row
    return {
        "listed": listed,
        "past": past,
        "predicted": predicted,
        "unready": listed - past - predicted,
        "sealed": rows - sealed_before,
    }


def run_summary(connection: psycopg.Connection, request: Request, outcome: Outcome) -> dict[str, Any]:
    """The object ``run --json`` ends with, less its total seconds. Before the first build the counts are 0."""
    built = connection.execute("select to_regclass('intermediate.int_fixtures') is not null").fetchone() == (True,)
    empty = {"files": 0, "matches": 0, "fixtures": 0, "quarantined": {}}
    return {
        **(warehouse_counts(connection, request.selection, request.clock) if built else empty),
        "refused": [asdict(file) for file in outcome.not_loaded.refused],
        "not_published": outcome.not_loaded.not_published,
        "checks": {"passed": outcome.checks_passed, "failed": len(outcome.checks_failed)},
        "simulated": bool(simulated(connection)),
        "failed_checks": outcome.checks_failed,
        "held_seasons": [
            {"league": held.league, "season": held.season, "check": held.check, "why": held.why}
            for held in held_seasons(connection)
        ],
        "pending": [name.as_json() for name in pending_names(connection)],
        "champion": champion_name(connection),
        "without_champion": without_champion(connection),
        "evaluation": final_scores(connection),
        "predictions": ledger_counts(connection, request.clock, outcome.sealed_before) if built else {},
        "layers": [{"name": name, "seconds": round(spent, 2)} for name, spent in outcome.seconds.items()],
        "materialized": outcome.materialized,
        "warnings": outcome.warnings,
        "errors": outcome.errors,
    }


def status(
    connection: psycopg.Connection,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    off: Collection[dg.AssetKey] = (),
) -> dict[str, Any]:
    """Every asset but those ``off``, the checks that fail, the champion, how old the data is."""
    states, checks = asset_states(
        definitions.resolve_asset_graph(), instance, datetime.now(UTC), off, changed_modules(connection)
    )
    assets = [
        {
            "key": each.key,
            "state": each.state,
            "reason": each.reason,
            "at": each.materialized_at.isoformat(timespec="seconds") if each.materialized_at else None,
            "due": each.due_at.isoformat(timespec="seconds") if each.due_at else None,
        }
        for each in states
    ]
    return {
        "assets": assets,
        "failing_checks": checks.failing(),
        "champion": champion_name(connection),
        "by_hand": by_hand(connection),
        "data_age": data_age(connection),
        "simulated": bool(simulated(connection)),
    }
