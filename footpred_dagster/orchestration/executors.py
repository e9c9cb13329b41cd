"""Where the steps of a job run: in the process of the run, or each as a Kubernetes job of its own."""

from __future__ import annotations

import os

import dagster as dg


def heavy_executor() -> dg.ExecutorDefinition:
    """For jobs of many long steps, tuning and refits among them. ``FOOTPRED_EXECUTOR`` is ``k8s`` on a cluster.

    Raises ValueError for any other value; without one, all steps run in one process.
    """
    chosen = os.environ.get("FOOTPRED_EXECUTOR", "")
    if chosen == "k8s":
        from dagster_k8s import k8s_job_executor

        return k8s_job_executor
    if chosen:
        raise ValueError(f"FOOTPRED_EXECUTOR is {chosen!r}: only 'k8s', or nothing")
    return dg.in_process_executor
