"""A world with something to see on every dashboard: states, checks, runs, drift, a track record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg

from footpred_dagster.core.settings import Settings
from footpred_dagster.orchestration.asset_states import AssetState, record_states
from footpred_dagster.orchestration.check_states import CheckState
from footpred_dagster.orchestration.instance import open_instance
from tests.support.service import World

CHECK = CheckState("raw/matches", "rows_reconcile", "ERROR", True, datetime.now(UTC))


@dg.op
def nothing() -> None: ...


@dg.job
def refresh() -> None:
    nothing()


def fill(world: World, home: Path) -> None:
    """As after a season of use."""
    now = datetime.now(UTC)
    with world.connect() as connection:
        tell(connection, passed=True)
        connection.execute("""
            update raw.fetches set status = 200;
            insert into raw.matches
                (partition_key, league, season, line, match_date, home, away, home_goals, away_goals)
            values ('E0|2024-25', 'E0', '2024-25', 2, current_date - 1, 'A', 'B', 1, 0);
            insert into raw.quarantine (partition_key, path, sha256, line, reason, dropped)
            values ('E0|2024-25', 'x', repeat('0', 64), 3, 'bad_odds', false);
            insert into models.evaluation values ('stack', 'final', 'all', '2023-25', 9, 1.0, .2, .6, .01, .5, .01);
            insert into predictions.track_record (kind, model, slice, value, n, log_loss, se, rps, brier, accuracy)
            values ('live', 'champion', 'all', 'all', 400, 1.0, .01, .2, .6, .5);
            insert into monitoring.drift_runs
                (as_of, current, reference, mix_reference, n_current, findings, alarms, report_sha256)
            values (now(), '2024-25', '2022-24', '2018-19', 900, 5, '{}', repeat('0', 64));
            insert into monitoring.drift (as_of, kind, subject, league, reference, current, n_reference, n_current,
                statistic, effect, flagged, says)
            values (now(), 'feature', 'home_elo', 'all', '2022-24', '2024-25', 900, 900, .01, .03, false, 'as before');
        """)
    own = (("pipeline", world.url("pipeline")),)
    with open_instance(Settings(home=home, database_url=world.database_url, component_urls=own)) as instance:
        assert refresh.execute_in_process(instance=instance).success
        instance.add_daemon_heartbeat(heartbeat("SENSOR", now))
        instance.add_daemon_heartbeat(heartbeat("SCHEDULER", now))


def heartbeat(daemon: str, at: datetime) -> object:
    from dagster._daemon.types import DaemonHeartbeat

    return DaemonHeartbeat(at.timestamp(), daemon, "here")


def tell(connection: psycopg.Connection, *, passed: bool) -> None:
    """How raw/matches stands, as the sensor writes it down."""
    now = datetime.now(UTC)
    state = AssetState("raw/matches", "fresh" if passed else "failing", None, now, now + timedelta(hours=50))
    check = CheckState(CHECK.asset, CHECK.name, CHECK.severity, passed, now)
    record_states(connection, [state], [check], now)
