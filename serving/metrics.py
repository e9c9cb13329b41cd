"""Prometheus metrics under names that dashboards and alerts rely on. With several workers, values of all add up."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.registry import Collector

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "path", "status"])
DURATION = Histogram("http_request_duration_seconds", "From request to answer.", ["method", "path"], buckets=FAST)
PREDICTIONS = Counter(
    "prediction_requests_total", "Predictions given: sealed ones, ad-hoc ones, and asked for in vain.", ["kind"]
)
PREDICTION_SECONDS = Histogram("prediction_duration_seconds", "Time to make an answer.", ["kind"], buckets=FAST)
INFERENCE = Histogram("inference_duration_seconds", "Time inside the model.", buckets=(0.00002, 0.00005, 0.0001, *FAST))
CONFIDENCE = Histogram(
    "prediction_confidence", "Probability of the likeliest outcome.", buckets=[place / 20 for place in range(7, 20)]
)
MODEL = Gauge("model_info", "1 for the model that is loaded.", ["name", "version"], multiprocess_mode="mostrecent")
REGISTERED = Gauge("model_registered_at_seconds", "When it was registered.", multiprocess_mode="mostrecent")
MODEL_OK = Gauge("model_champion_loaded", "1 if the champion is what is loaded.", multiprocess_mode="livemin")
MODEL_OK.set(1)  # until it is known: a worker that starts is no alarm
DATA_AGE = Gauge("data_age_seconds", "Since a source last answered.", multiprocess_mode="mostrecent")
STALE = Gauge("service_stale", "1 while the database does not answer.", multiprocess_mode="livemax")
LATE = Gauge(
    "service_refresh_late_seconds",
    "Since when a part of what the service holds in memory could not be refreshed; 0 while it is.",
    ["part"],
    multiprocess_mode="livemax",
)
DEGRADED = Gauge("service_degraded", "1 while /readyz reports a problem.", multiprocess_mode="livemax")
SERVED = Gauge("served_predictions", "Predictions in memory.", multiprocess_mode="mostrecent")

TASKS = Counter("queue_tasks_total", "Attempts of this worker at tasks, by how they ended.", ["outcome"])
TASK_SECONDS = Histogram(
    "queue_task_duration_seconds", "One attempt at a task.", buckets=(0.01, 0.1, 0.5, 1, 5, 30, 120)
)
for outcome in ("done", "again", "dead", "cancelled"):
    TASKS.labels(outcome)


@cache
def request_metrics(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of one kind of answer: finding them by labels takes longer than counting."""
    return REQUESTS.labels(method, path, str(status)), DURATION.labels(method, path)


def registry() -> CollectorRegistry:
    """Metrics of this process, and with several workers of them all."""
    if MULTIPROCESS not in os.environ:
        return REGISTRY
    found = CollectorRegistry()
    found.register(Workers(os.environ[MULTIPROCESS]))
    return found


class Workers(Collector):
    """Metrics of all workers, which write them to files in ``folder``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.multiprocess import MultiProcessCollector

        _forget_ended_processes(Path(self._folder))
        return MultiProcessCollector(None, self._folder).collect()  # type: ignore[no-untyped-call,no-any-return]

    def describe(self) -> list[Metric]:
        """Nothing: the registry would collect once to know the names."""
        return []


def _forget_ended_processes(folder: Path) -> None:
    """Delete gauges of processes that ended, however they did; their counters still count."""
    for file in folder.glob("gauge_*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
