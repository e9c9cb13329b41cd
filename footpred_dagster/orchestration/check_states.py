"""How the asset checks stand: what failed when it last ran, and which assets that makes worth another run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)


@dataclass(frozen=True, slots=True)
class CheckState:
    """The newest evaluation of a check: ``asset`` as "layer/name"."""

    asset: str
    name: str
    severity: Literal["WARN", "ERROR"]
    passed: bool
    evaluated_at: datetime


class CheckStates:
    """The newest execution of every check of the code location, read once."""

    def __init__(self, graph: AssetGraph, instance: dg.DagsterInstance) -> None:
        keys = list(graph.asset_check_keys)
        self._latest: dict[dg.AssetCheckKey, AssetCheckExecutionRecord] = dict(
            instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        )

    def evaluated(self) -> list[CheckState]:
        """Those whose newest execution came to an answer."""
        found = []
        for key, record in sorted(self._latest.items()):
            said = record.evaluation if record.status != AssetCheckExecutionRecordStatus.PLANNED else None
            if isinstance(said, dg.AssetCheckEvaluation):
                at = datetime.fromtimestamp(record.create_timestamp, UTC)
                asset = key.asset_key.to_user_string()
                found.append(CheckState(asset, key.name, said.severity.value, said.passed, at))
        return found

    def failing(self) -> list[str]:
        """Checks whose newest execution did not pass, as ``asset:check``."""
        return sorted(_name(key) for key, record in self._latest.items() if _failed(record))

    def broken(self) -> dict[dg.AssetKey, list[str]]:
        """Assets by the checks of severity ERROR that they do not pass."""
        found: dict[dg.AssetKey, list[str]] = {}
        for key, record in self._latest.items():
            evaluation = record.evaluation if _failed(record) else None
            if isinstance(evaluation, dg.AssetCheckEvaluation) and evaluation.severity == dg.AssetCheckSeverity.ERROR:
                found.setdefault(key.asset_key, []).append(_name(key))
        return found

    def unsettled(self) -> dict[dg.AssetKey, str]:
        """Assets to run again whatever their versions say: a check failed, or the run died before it was evaluated.

        Running the asset again evaluates the check again, and what is behind it waits for the answer.
        """
        planned = {
            key.asset_key: f"check {key.name} was never evaluated"
            for key, record in self._latest.items()
            if record.status == AssetCheckExecutionRecordStatus.PLANNED
        }
        return planned | {key: f"check {', '.join(names)} failed" for key, names in self.broken().items()}


def _failed(record: AssetCheckExecutionRecord) -> bool:
    return record.status == AssetCheckExecutionRecordStatus.FAILED


def _name(key: dg.AssetCheckKey) -> str:
    return f"{key.asset_key.to_user_string()}:{key.name}"
