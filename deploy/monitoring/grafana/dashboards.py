"""The Grafana dashboards, from which their JSON is made: ``python deploy/monitoring/grafana/dashboards.py``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One question. expressions: PromQL by legend. unit: Grafana's name of it. kind: timeseries, stat or table."""

    title: str
    expressions: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    description: str = ""

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        instant = self.kind != "timeseries"
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": {"unit": self.unit, "min": None if self.unit == "percentunit" else 0}},
            "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if not instant else {},
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": SOURCE,
                    "expr": expression,
                    "legendFormat": legend,
                    "instant": instant,
                    "format": "table" if self.kind == "table" else "time_series",
                }
                for place, (legend, expression) in enumerate(self.expressions.items())
            ],
        }


def stat(title: str, expression: str, unit: str = "short", description: str = "") -> Panel:
    return Panel(title, {"": expression}, unit, "stat", width=4, height=4, description=description)


QUANTILE = "histogram_quantile({q}, sum by (le) (rate({name}_bucket{where}[5m])))"


def quantiles(name: str, where: str = "") -> dict[str, str]:
    return {f"p{round(100 * q)}": QUANTILE.format(q=q, name=name, where=where) for q in (0.5, 0.95, 0.99)}


ANSWERED = '{path!="/livescores/stream"}'
DASHBOARDS: dict[str, tuple[str, list[Panel]]] = {
    "service": (
        "footpred: service",
        [
            stat("Up", 'sum(up{job="service"})'),
            stat("Requests a second", "sum(rate(http_requests_total[5m]))", "reqps"),
            stat(
                "Failed",
                'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) or vector(0)',
                "percentunit",
            ),
            stat("Champion loaded", "min(model_champion_loaded)", description="0: an earlier one predicts."),
            stat("Answers are stale", "max(service_stale)", description="1: the database does not answer."),
            stat("Data age", "max(data_age_seconds)", "s", "Since a source last answered."),
            Panel(
                "Requests by operation",
                {"{{method}} {{path}}": "sum by (method, path) (rate(http_requests_total[5m]))"},
                "reqps",
            ),
            Panel("Answers by status", {"{{status}}": "sum by (status) (rate(http_requests_total[5m]))"}, "reqps"),
            Panel("How long answers take", quantiles("http_request_duration_seconds", ANSWERED), "s"),
            Panel("How long the model takes", quantiles("inference_duration_seconds"), "s"),
            Panel("Predictions given", {"{{kind}}": "sum by (kind) (rate(prediction_requests_total[5m]))"}, "reqps"),
            Panel("How sure it was", quantiles("prediction_confidence"), "percentunit"),
            Panel("Tasks by state", {"{{status}}": "max by (status) (queue_depth)"}),
            Panel("Attempts at tasks", {"{{outcome}}": "sum by (outcome) (rate(queue_tasks_total[5m]))"}, "ops"),
            Panel("Oldest task that waits", {"waits": "max(queue_oldest_seconds)"}, "s"),
            Panel("Age of heartbeats", {"{{instance}}": "queue_worker_heartbeat_age_seconds"}, "s"),
            Panel("Memory", {"{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"service|worker"}'}, "bytes"),
        ],
    ),
    "pipeline": (
        "footpred: pipeline",
        [
            stat("Database answers", "min(footpred_pipeline_up)"),
            stat("Runs under way", 'sum(footpred_runs{status="started"})'),
            stat("Runs that wait", 'sum(footpred_runs{status="queued"})'),
            stat("Checks that fail", "count(footpred_check_passed == 0) or vector(0)"),
            stat("Files refused", "max(footpred_files_refused)"),
            stat("Free on the disk", "min(footpred_disk_free_bytes)", "bytes"),
            Panel("Assets by state", {"{{state}}": "count by (state) (footpred_asset_state)"}),
            Panel(
                "Age of what is served",
                {
                    "source asked": "time() - max(footpred_source_answered_timestamp_seconds)",
                    "newest result": "time() - max(footpred_newest_result_timestamp_seconds)",
                    "sealed": "time() - max(footpred_ledger_sealed_timestamp_seconds)",
                },
                "s",
            ),
            Panel(
                "Oldest assets", {"{{asset}}": "topk(10, time() - footpred_asset_materialized_timestamp_seconds)"}, "s"
            ),
            Panel("How long runs took", {"{{job}}": "footpred_run_duration_seconds"}, "s"),
            Panel(
                "Since daemons were heard of",
                {"{{daemon}}": "time() - footpred_daemon_heartbeat_timestamp_seconds"},
                "s",
            ),
            Panel("Quarantine", {"{{reason}}": "footpred_quarantined_rows"}),
            Panel(
                "Checks",
                {"": "sort(footpred_check_passed)"},
                kind="table",
                width=COLUMNS,
                description="1: passed when it was last run.",
            ),
        ],
    ),
    "model": (
        "footpred: model quality",
        [
            Panel("Champion", {"{{name}} version {{version}}": "model_info == 1"}, kind="stat", width=8, height=4),
            stat("Sealed predictions", "max(footpred_ledger_rows)"),
            stat("Drift alarms", "max(footpred_drift_alarms)"),
            stat("Settled", 'max(model_settled_predictions{model="champion"})', description="Foretold and played."),
            Panel(
                "Log-loss on what was sealed before kickoff",
                {"{{model}}": "max by (model) (model_log_loss)"},
                description="Lower is better; the closing line is the bar.",
            ),
            Panel("Log-loss out of season, final window", {"{{model}}": "max by (model) (model_backtest_log_loss)"}),
            Panel(
                "Features that moved most",
                {"{{feature}}": "topk(10, max by (feature) (model_feature_drift_score))"},
                "percentunit",
                width=COLUMNS,
            ),
        ],
    ),
}


def dashboard(name: str) -> dict[str, Any]:
    title, panels = DASHBOARDS[name]
    placed, x, y, tallest = [], 0, 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        placed.append(panel.json(number, x, y))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return {
        "uid": f"footpred-{name}",
        "title": title,
        "tags": ["footpred"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": placed,
    }


def text(name: str) -> str:
    return json.dumps(dashboard(name), indent=1) + "\n"


def main() -> None:
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text(name))


if __name__ == "__main__":
    main()
