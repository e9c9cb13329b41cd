"""Metrics are on a port of their own, with any number of workers, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.processes import free_port
from tests.support.service import World, serving


@pytest.mark.parametrize("workers", [1, 2])
def test_metrics_are_on_their_own_port_alone(world: World, tmp_path, workers):
    with serving(world, tmp_path, workers=workers) as served:
        status, told = served.get("/metrics")
        assert (status, told["type"]) == (404, "urn:footpred:problem:no-such-path")
        for _ in range(10):
            assert served.get("/predict/m1", X_API_Key=world.key)[0] == 200
        counted = 'http_requests_total{method="GET",path="/predict/{match_id}",status="200"}'
        assert served.metric(counted) == 10
        assert served.metric("model_champion_loaded") == 1
        with pytest.raises(OSError, match="404"):
            served.metrics("/predict/m1")


def test_a_taken_metrics_port_is_named(world: World, tmp_path):
    port = free_port()
    with serving(world, tmp_path) as served:
        command = [sys.executable, "-m", "serving", "--port", str(port), "--metrics-port", str(served.metrics_port)]
        environment = os.environ | world.environment(tmp_path)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert str(served.metrics_port) in done.stderr
    assert "Traceback" not in done.stderr
