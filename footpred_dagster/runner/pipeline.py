"""``footpred run``: ask the source, materialize what is stale, sum up. The same assets the UI and the daemon run."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

import dagster as dg
import psycopg
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.matches.held_seasons import held_seasons
from footpred_dagster.core.predictions.ledger import Kind
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.training.train import can_learn
from footpred_dagster.orchestration.as_of_cutoffs import cuts
from footpred_dagster.orchestration.asset_keys import BY_HAND, FIXTURE_LIST, OPENFOOTBALL, RESULTS
from footpred_dagster.orchestration.check_states import CheckStates
from footpred_dagster.orchestration.experiment_log import CORRELATION_TAG
from footpred_dagster.orchestration.partitions import add_partitions, ranges
from footpred_dagster.orchestration.staleness import latest_materializations, stale_assets
from footpred_dagster.runner.cross_check import consult
from footpred_dagster.runner.progress import LayerProgress, stdout_kept_for_results
from footpred_dagster.runner.run_request import Outcome, Request
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.base import Source, SourceUnavailable
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.clients.site_address import without_account
from footpred_dagster.sources.fetching.fetch import Target, fetch
from footpred_dagster.sources.football_data.completeness import settled
from footpred_dagster.sources.football_data.load import FIXTURES, due, raw_version, results_target
from footpred_dagster.sources.football_data.refusals import not_loaded
from footpred_dagster.sources.league_seasons import league_seasons

FILES_ACCEPTED = "raw/matches:files_are_accepted"
CLOCK_LAYERS = ("models", "predictions", "monitoring")
STARTED_BY_TAG = "footpred/started_by"
RUN_LOCK = "footpred.run"
PLANNED_WITHIN = 3600.0
"""Seconds for which the assets take the planner's word that the source was asked."""


@dataclass(slots=True)
class Pipeline:
    """One run: ``connection`` is in autocommit and holds the run lock of this database while it works."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    connection: psycopg.Connection
    archive: Archive
    source: Source | ArchiveSource
    request: Request
    progress: LayerProgress
    outcome: Outcome = field(default_factory=Outcome)
    correlation: str = field(default_factory=lambda: uuid.uuid4().hex)
    source_unavailable: str | None = None
    """Why the source gave nothing, in one line."""
    _last_event: dict[str | None, float] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Raw first, the rest only if every blocking check on raw stands."""
        with self._alone():
            row = self.connection.execute("select count(*) from predictions.ledger where role = 'champion'").fetchone()
            self.outcome.sealed_before = row[0] if row else 0
            self._fetch()
            self._materialize_raw()
            if not self.outcome.errors and not self._raw_is_blocked():
                self._materialize_stale()
                self._consult()
        return self.outcome

    def _checks(self) -> CheckStates:
        return CheckStates(self.definitions.resolve_asset_graph(), self.instance)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two runs at once would build the same tables: the second waits. Whoever holds the lock buries the dead."""
        lock = [RUN_LOCK]
        if self.connection.execute("select pg_try_advisory_lock(hashtext(%s))", lock).fetchone() == (False,):
            self.progress.say("another footpred run is at work on this database: waiting for it")
            self.connection.execute("select pg_advisory_lock(hashtext(%s))", lock)
        try:
            unfinished = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.NOT_STARTED]
            for run in self.instance.get_runs(RunsFilter(tags={STARTED_BY_TAG: "footpred run"}, statuses=unfinished)):
                self.instance.report_run_failed(run, "the process that ran it is gone")
                self._end_in_mlflow(run.run_id)
            yield
        finally:
            self.connection.execute("select pg_advisory_unlock(hashtext(%s))", lock)

    def _end_in_mlflow(self, run_id: str) -> None:
        from footpred_dagster.core.tracking import mlflow_log  # a second to import: only after a run died

        try:
            mlflow_log.end_abandoned(mlflow_log.client(Settings.from_env()), run_id.__eq__)
        except mlflow_log.MlflowUnavailable as error:
            self.outcome.warnings.append(str(error))

    def _targets(self) -> list[Target]:
        chosen, today = self.request.selection, datetime.now(UTC).date()
        return [
            results_target(pair.league, pair.season)
            for pair in league_seasons(today)
            if chosen.covers(pair.league, pair.season)
        ]

    def _fetch(self) -> None:
        """Ask the source for what may have changed. Unreachable: go on with what is archived, and say so."""
        targets = [*self._targets(), FIXTURES]
        if not isinstance(self.source, DirectorySource | ArchiveSource):
            done = settled(self.connection, datetime.now(UTC))
            targets = [target for target in targets if target.partition_key not in done]
        self.progress.expect("source", len({target.path for target in targets}))
        try:
            fetch(
                self.connection,
                self.archive,
                self.source,
                targets,
                progress=lambda target: self.progress.advance("source", target.path),
            )
        except SourceUnavailable as error:
            self.source_unavailable = str(error)

    def _materialize_raw(self) -> None:
        unsettled = self._checks().unsettled()
        targets = self._targets()
        wanted = due(self.connection, targets) or self._unreported_partitions(
            RESULTS in unsettled or bool(held_seasons(self.connection))  # a held season passes once it is repaired
        )
        self.progress.expect("raw", len(wanted))
        add_partitions(self.instance, datetime.now(UTC).date(), first=wanted)
        parts = ranges(self.instance, wanted)
        for first, last in parts:
            tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
            # The checks look at the whole table: once, when the last range is in.
            self._execute([RESULTS], tags, checks=(first, last) == parts[-1])
        if self.outcome.errors:
            return
        anything = self._any_loaded(targets)
        if self.source_unavailable and anything:
            self.outcome.warnings.append(
                f"source unavailable, going on with what is archived: {self.source_unavailable}"
            )
        elif anything:
            self._materialize_fixtures()
        self.outcome.not_loaded = not_loaded(self.connection, [*targets, FIXTURES], self.request.clock.date())
        if not anything:
            self.outcome.errors.append(
                self.source_unavailable
                or f"none of {len({target.path for target in targets})} files of the leagues and seasons selected was "
                f"loaded from {self.source.name}, now or before: a source holds mmz4281/2425/E0.csv and the like"
            )

    def _any_loaded(self, targets: Sequence[Target]) -> bool:
        keys = [target.partition_key for target in targets]
        found = self.connection.execute(
            "select exists (select from raw.loads where partition_key = any(%s))", [keys]
        ).fetchone()
        return found == (True,)

    def _materialize_fixtures(self) -> None:
        unsettled = self._checks().unsettled()
        recorded = latest_materializations(self.instance, [FIXTURE_LIST]).get(FIXTURE_LIST)
        version = raw_version(self.connection, fixtures=True)
        told = recorded is not None and _data_version(recorded) == version
        if due(self.connection, [FIXTURES]) or not told or FIXTURE_LIST in unsettled:
            self.progress.expect("raw", 1)
            self._execute([FIXTURE_LIST])

    def _unreported_partitions(self, unsettled: bool) -> list[str]:
        """A partition to report again, with its checks: a run died before it told Dagster, or a check failed."""
        recorded = latest_materializations(self.instance, [RESULTS]).get(RESULTS)
        told = recorded is not None and _data_version(recorded) == raw_version(self.connection, fixtures=False)
        if told and not unsettled:
            return []
        newest = self.connection.execute(
            "select partition_key from raw.loads where partition_key <> %s order by loaded_at desc limit 1",
            [FIXTURES.partition_key],
        ).fetchone()
        return [newest[0]] if newest else []

    def _raw_is_blocked(self) -> bool:
        """A check that failed on raw, now or in an earlier run, holds everything downstream back."""
        broken = self._checks().broken()
        names = [name for key in (RESULTS, FIXTURE_LIST) for name in broken.get(key, [])]
        for name in names:
            if name not in self.outcome.checks_failed:
                self.outcome.errors.append(f"check {name} failed earlier: what depends on it is left as it was")
        return bool(names)

    def _materialize_stale(self) -> None:
        specs = self.definitions.resolve_all_asset_specs()
        latest = latest_materializations(self.instance, [spec.key for spec in specs])
        unsettled = self._checks().unsettled()
        kind: Kind = "replay" if self.request.as_of else "live"
        cut = cuts(self.connection, [spec.key for spec in specs], self.request.clock, kind)
        stale = stale_assets(specs, latest, cut, unsettled)
        stale = {key: reason for key, reason in stale.items() if key not in (FIXTURE_LIST, *BY_HAND)}
        if not can_learn(self.connection, self.request.clock):
            stale = {key: reason for key, reason in stale.items() if key.path[0] not in CLOCK_LAYERS}
            self.outcome.warnings.append("no match of a main division before as_of: no model was trained")
        for layer, keys in groupby(stale, key=lambda key: key.path[0]):
            self.progress.expect(layer, len(list(keys)))
        if stale:
            self._execute(list(stale))

    def _consult(self) -> None:
        """The second source, where one is configured: loaded and compared when it or the results changed."""
        if self.request.second is None:
            return
        news, warning = consult(self.connection, self.archive, self.request.second, self.request.selection)
        self.outcome.warnings += [warning] if warning else []
        if news or self.outcome.materialized:
            self.progress.expect("raw", 1)
            self._execute([OPENFOOTBALL])

    def _execute(self, keys: Sequence[dg.AssetKey], tags: dict[str, str] | None = None, *, checks: bool = True) -> None:
        """One Dagster run of ``keys`` in this process, its events turned into progress and totals."""
        run_id = str(uuid.uuid4())
        layers = {key.path[0] for key in keys}
        resources: dict[str, object] = {}
        if OPENFOOTBALL in keys:
            resources["second_source"] = {"config": {"where": self.request.second, "asked": True}}
        elif "raw" in layers:
            # What the config holds is shown in the UI. Nothing is requested with it: the planner has done so.
            where = without_account(self.request.where) if self.request.where else self.request.where
            resources["source"] = {"config": {"where": where, "max_age": PLANNED_WITHIN}}
        needs_clock = layers.intersection(CLOCK_LAYERS) or ("raw" in layers and checks)
        if needs_clock and self.request.as_of:
            resources["clock"] = {"config": {"as_of": self.request.as_of.isoformat()}}
        self.instance.add_event_listener(run_id, self._watch)
        job = self.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection=set(keys), asset_check_selection=None if checks else set()
        )
        with stdout_kept_for_results():
            result = job.execute_in_process(
                run_config={"resources": resources, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                instance=self.instance,
                raise_on_error=False,
                run_id=run_id,
                tags={CORRELATION_TAG: self.correlation, STARTED_BY_TAG: "footpred run", **(tags or {})},
            )
        if not result.success and not self.outcome.errors:
            self.outcome.errors.append(
                f"run {run_id} failed before its first step: its page in the Dagster UI says why"
            )

    def _watch(self, entry: dg.EventLogEntry, _cursor: str | None = None) -> None:
        """Each event as it happens: time since the last one of its step goes to the layer it is about."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == DagsterEventType.STEP_START:
            self._last_event[event.step_key] = entry.timestamp
        elif event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key:
            layer, name = event.asset_key.path[0], event.partition or event.asset_key.path[-1]
            elapsed = entry.timestamp - self._last_event.get(event.step_key, entry.timestamp)
            self._last_event[event.step_key] = entry.timestamp
            self.outcome.seconds[layer] = self.outcome.seconds.get(layer, 0.0) + elapsed
            self.outcome.materialized += 1
            self.progress.advance(layer, name)
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            self._count_check(event.asset_check_evaluation_data)
        elif event.event_type == DagsterEventType.STEP_FAILURE:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            if cause is None or cause.cls_name != "DagsterAssetCheckFailedError":  # the check speaks for itself
                self.outcome.errors.append(f"{event.step_key}: {_explain(cause.message) if cause else 'failed'}")

    def _count_check(self, check: dg.AssetCheckEvaluation) -> None:
        name = f"{check.asset_key.to_user_string()}:{check.check_name}"
        if check.passed:
            self.outcome.checks_passed += 1
            return
        self.outcome.checks_failed.append(name)
        if name == FILES_ACCEPTED:
            return  # the summary names each file
        if check.severity == dg.AssetCheckSeverity.WARN:
            self.outcome.warnings.append(f"check {name} is not met: see its metadata in the Dagster UI")
        else:
            self.outcome.errors.append(f"check {name} failed: what depends on it is left as it was")


def _explain(message: str) -> str:
    """The part of an error a reader can act on: dbt puts its own errors last, behind the command it ran."""
    return message.rpartition("Errors parsed from dbt logs:")[2].strip()


def _data_version(materialization: dg.AssetMaterialization) -> str | None:
    return (materialization.tags or {}).get("dagster/data_version")
