"""All of it together, for prometheus_client: asked at most every few seconds, and silent about what does not answer."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Iterator

import dagster as dg
import psycopg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from footpred_dagster.core.database.connection import connect
from footpred_dagster.core.settings import Settings
from footpred_dagster.exporter import dagster_metrics, warehouse_metrics
from footpred_dagster.orchestration.instance import open_instance

KEPT_SECONDS = 5.0
"""However many ask, the database is asked once in this time."""

log = logging.getLogger("footpred.exporter")


class Pipeline(Collector):
    """``footpred_pipeline_up`` is 0 while the database does not answer; then only the disk is told of."""

    def __init__(self, settings: Settings) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)  # in a container nobody has made it yet
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._instance: dg.DagsterInstance | None = None
        self._lock = threading.Lock()
        self._page: list[Metric] = []
        self._made = float("-inf")

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() - self._made > KEPT_SECONDS:
                self._page, self._made = self._read(), time.monotonic()
            yield from self._page

    def describe(self) -> list[Metric]:
        """Nothing: the registry would ask for everything once, before anybody does."""
        return []

    def _read(self) -> list[Metric]:
        disk = GaugeMetricFamily("footpred_disk_free_bytes", "Free where the home is.")
        disk.add_metric([], shutil.disk_usage(self._settings.home).free)
        up = GaugeMetricFamily("footpred_pipeline_up", "Whether the database answers.")
        try:
            found = [disk, *self._of_database()]
        except (psycopg.Error, dg.DagsterError, OSError) as error:
            return self._silent(error, disk, up)
        except Exception as error:  # Dagster's storage speaks in SQLAlchemy's errors, which are not imported here
            if not type(error).__module__.startswith("sqlalchemy."):
                raise
            return self._silent(error, disk, up)
        up.add_metric([], 1)
        return [*found, up]

    def _silent(self, error: Exception, disk: Metric, up: GaugeMetricFamily) -> list[Metric]:
        log.warning("no metrics of the pipeline: %s", str(error).partition("\n")[0])
        up.add_metric([], 0)
        return [disk, up]

    def _of_database(self) -> list[Metric]:
        with connect(self._settings, "exporter", autocommit=True) as connection:
            found = list(warehouse_metrics.collect(connection))
        if self._instance is None:
            self._instance = self._stack.enter_context(open_instance(self._settings, "exporter"))
        return found + list(dagster_metrics.collect(self._instance))

    def close(self) -> None:
        self._stack.close()
