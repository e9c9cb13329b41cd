"""Metrics of the service that runs in this process."""

from __future__ import annotations

from prometheus_client import generate_latest

from serving.metrics import registry


def exposition() -> str:
    return generate_latest(registry()).decode()
