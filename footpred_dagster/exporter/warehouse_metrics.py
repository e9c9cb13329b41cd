"""What the warehouse knows of the pipeline, as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from prometheus_client.core import GaugeMetricFamily, Metric


@dataclass(frozen=True, slots=True)
class Query:
    """A gauge for each row of ``select``: its labels first, the value last. Rows without a value are left out."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    select: str

    def read(self, connection: psycopg.Connection) -> Metric:
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for *labels, value in connection.execute(self.select.encode()):
            if value is not None:
                family.add_metric([str(label) for label in labels], float(value))
        return family


QUERIES = (
    Query(
        "footpred_asset_materialized_timestamp_seconds",
        "When an asset was last materialized.",
        ("asset",),
        "select asset, extract(epoch from materialized_at) from monitoring.asset_states",
    ),
    Query(
        "footpred_asset_due_timestamp_seconds",
        "When an asset is late, by its freshness policy.",
        ("asset",),
        "select asset, extract(epoch from due_at) from monitoring.asset_states",
    ),
    Query(
        "footpred_asset_state",
        "1 for the state an asset is in: fresh, late, stale, failing or missing.",
        ("asset", "state"),
        "select asset, state, 1 from monitoring.asset_states",
    ),
    Query(
        "footpred_asset_states_recorded_timestamp_seconds",
        "When states of assets and checks were last written down: every minute while the daemon lives.",
        (),
        "select extract(epoch from max(told_at)) from monitoring.asset_states",
    ),
    Query(
        "footpred_states_told_timestamp_seconds",
        "Former name of footpred_asset_states_recorded_timestamp_seconds, for one release.",
        (),
        "select extract(epoch from max(told_at)) from monitoring.asset_states",
    ),
    Query(
        "footpred_check_passed",
        "Whether a check passed when it was last run. ERROR holds back what depends on the asset, WARN does not.",
        ("asset", "check", "severity"),
        "select asset, name, severity, passed::int from monitoring.check_states",
    ),
    Query(
        "footpred_source_answered_timestamp_seconds",
        "When a source last answered, by source.",
        ("source",),
        """
        select source, extract(epoch from max(fetched_at)) from raw.fetches
        where status in (200, 304, 404) group by source
        """,
    ),
    Query(
        "footpred_newest_result_timestamp_seconds",
        "Day of the newest result on record.",
        (),
        "select extract(epoch from max(match_date)) from raw.matches where home_goals is not null",
    ),
    Query(
        "footpred_files_refused",
        "Files that were refused, but for those of seasons that the source has not published yet.",
        (),
        """
        select count(*) from raw.refused_files
        where reason not in ('html', 'wrong_division', 'empty') or partition_key in (
            select partition_key from raw.loads
        )
        """,
    ),
    Query(
        "footpred_quarantined_rows",
        "Rows and values nobody could believe, by reason.",
        ("reason",),
        "select reason, count(*) from raw.quarantine group by 1",
    ),
    Query("footpred_ledger_rows", "Sealed predictions.", (), "select count(*) from predictions.ledger"),
    Query(
        "footpred_ledger_sealed_timestamp_seconds",
        "When a prediction was last sealed.",
        (),
        "select extract(epoch from max(sealed_at)) from predictions.ledger",
    ),
    Query(
        "footpred_drift_alarms",
        "Alarms of the newest look at drift.",
        (),
        "select cardinality(alarms) from monitoring.drift_runs order by run_id desc limit 1",
    ),
    Query(
        "model_feature_drift_score",
        "How far a feature moved: D of Kolmogorov-Smirnov, newest season against the two before it.",
        ("feature",),
        """
        select subject, effect from monitoring.drift where kind = 'feature' and league = 'all'
            and current = (select current from monitoring.drift_runs order by run_id desc limit 1)
        """,
    ),
    Query(
        "model_log_loss",
        "Log-loss of predictions sealed before kickoff, by model: the track record.",
        ("model",),
        "select model, log_loss from predictions.track_record where kind = 'live' and slice = 'all'",
    ),
    Query(
        "model_settled_predictions",
        "Matches that log-loss is over.",
        ("model",),
        "select model, n from predictions.track_record where kind = 'live' and slice = 'all'",
    ),
    Query(
        "model_backtest_log_loss",
        "Log-loss out of season in the final window, all divisions, by model.",
        ("model",),
        """select model, log_loss from models.evaluation where "window" = 'final' and league = 'all'""",
    ),
)


def collect(connection: psycopg.Connection) -> Iterator[Metric]:
    """``connection`` is in autocommit: what is not built yet is left out, and does not spoil the rest."""
    for query in QUERIES:
        try:
            yield query.read(connection)
        except psycopg.errors.UndefinedTable:
            continue
