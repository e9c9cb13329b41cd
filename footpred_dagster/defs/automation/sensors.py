"""Sensors: a changed source, enough new matches, matches in play, anchors of the ledger."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg

from footpred_dagster.core.predictions.ledger import anchor, anchor_is_due
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.defs.automation.jobs import refresh, retrain
from footpred_dagster.defs.resources import SETTINGS, ArchiveStore, SourceSite, Warehouse
from footpred_dagster.orchestration.asset_keys import FIXTURE_LIST, RESULTS
from footpred_dagster.orchestration.partitions import add_partitions
from footpred_dagster.orchestration.refresh_planning import WORK_TAG, Refresh, followed, next_try, once, planned
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.request_schedule import due_for_request, file_states
from footpred_dagster.sources.live.catalog import open_live
from footpred_dagster.sources.live.polling import poll

POLL_SECONDS = int(os.environ.get("FOOTPRED_POLL_SECONDS", "900"))
"""Between two evaluations; which files are requested then is decided by ``sources.request_schedule``."""
AFTER_SILENCE = timedelta(minutes=44)
"""How long a source that does not answer is left alone: three evaluations in a row."""
PLANNED_WITHIN = 3600.0
"""Seconds for which a run takes the sensor's word that the source was asked."""
LOCK_WAIT_SECONDS = 20
"""For the lock of the ledger; an evaluation may take a minute."""
RETRAIN_AFTER = 220
"""New matches after which models are fitted again before their week is over: a full matchday of 22 divisions."""


@dg.sensor(job=refresh, minimum_interval_seconds=POLL_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def source_changed(
    context: dg.SensorEvaluationContext, warehouse: Warehouse, archive: ArchiveStore, source: SourceSite
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request the files of seasons under way that can have changed; what is new is loaded and predicted from.

    The same bodies are loaded by one run; a failed one is tried again after a while, doubling. A source that does not
    answer at all is left alone for a while, too.
    """
    silent_until = datetime.fromisoformat(context.cursor) if context.cursor else None
    with warehouse.connect(autocommit=True) as connection:
        today = datetime.now(UTC).date()
        add_partitions(context.instance, today)
        targets = followed(connection, today)
        if not targets:
            yield dg.SkipReason("the warehouse is empty: footpred run fills it first")
            return
        now = datetime.now(UTC)
        with source.open(connection) as site:
            wanted = due_for_request(file_states(connection, targets, now), now) if site.rate_limited else targets
            if site.rate_limited and silent_until and now < silent_until <= now + AFTER_SILENCE:
                context.log.info("the source did not answer: next request at %s UTC", f"{silent_until:%H:%M}")
                wanted = []
            try:
                fetch(connection, archive.open(), site, wanted)
            except SourceUnavailable as error:
                context.log.warning("the source does not answer: %s", error)
                if site.given_up:  # else the files that failed are left alone by themselves
                    context.update_cursor((now + AFTER_SILENCE).isoformat())
        plans = planned(connection, context.instance, targets)
    if not plans:
        yield dg.SkipReason(f"none of {len(targets)} files is new")
    assert context.repository_def is not None
    job = context.repository_def.get_job(refresh.name)
    for plan in plans:
        turn = next_try(context.instance, plan.key, datetime.now(UTC))
        yield _request(plan, turn, job) if isinstance(turn, int) else dg.SkipReason(f"{plan.key}: {turn}")


def _request(plan: Refresh, turn: int, job: dg.JobDefinition) -> dg.RunRequest:
    left_out = {key for key, wanted in ((RESULTS, plan.partitions), (FIXTURE_LIST, plan.fixtures)) if not wanted}
    tags = {WORK_TAG: plan.key}
    if plan.partitions:
        first, last = plan.partitions
        tags |= {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return dg.RunRequest(
        run_key=f"{plan.key} {turn}",
        asset_selection=sorted(set(job.asset_layer.executable_asset_keys) - left_out),
        run_config={"resources": {"source": {"config": {"max_age": PLANNED_WITHIN}}}},
        tags=tags,
    )


@dg.sensor(job=retrain, minimum_interval_seconds=600, default_status=dg.DefaultSensorStatus.RUNNING)
def retrain_after_matchday(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    """Fit models again once a full matchday of all divisions was played since the champion was fitted."""
    with warehouse.connect() as connection:
        version = champion(connection)
        if version is None:
            return dg.SkipReason("there is no champion: footpred run trains the first")
        row = connection.execute(
            "select count(*) from raw.matches where home_goals is not null and match_date >= %s", [version.as_of.date()]
        ).fetchone()
    played = row[0] if row else 0
    if played < RETRAIN_AFTER:
        return dg.SkipReason(f"{played} matches since {version.name} version {version.version}, {RETRAIN_AFTER} needed")
    work = f"{version.name} {version.version} and {played // RETRAIN_AFTER * RETRAIN_AFTER} matches"
    return once(context, work)


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def poll_live_scores(warehouse: Warehouse) -> dg.SkipReason:
    """Ask the sources of live scores that are switched on, while one of their matches is played; starts no run."""
    if not SETTINGS.live_scores:
        return dg.SkipReason("no source of live scores is switched on: set FOOTPRED_LIVE_SCORES")
    with warehouse.connect(autocommit=True) as connection:
        said = poll(connection, lambda *of: open_live(SETTINGS, *of), datetime.now(UTC))
    return dg.SkipReason("; ".join(f"{who}: {what}" for who, what in said.items()) or "nothing is played now")


@dg.sensor(minimum_interval_seconds=600, default_status=dg.DefaultSensorStatus.RUNNING)
def ledger_anchors(warehouse: Warehouse, archive: ArchiveStore) -> dg.SkipReason:
    """Take an anchor of the ledger at least hourly, also when nothing was sealed: what is sealed later cannot claim to
    be from before it. Starts no run.
    """
    with warehouse.connect() as connection:
        if not anchor_is_due(connection):
            return dg.SkipReason("the newest anchor is less than 45 minutes old and has every row")
        try:
            connection.execute(f"set lock_timeout = '{LOCK_WAIT_SECONDS}s'".encode())
            end = anchor(connection, archive.open())
        except psycopg.errors.LockNotAvailable:
            return dg.SkipReason("predictions are being sealed: the next evaluation takes the anchor")
    return dg.SkipReason(f"anchor taken at {end.rows} rows")
