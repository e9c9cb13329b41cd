"""``make load``: half of what the service can do, for MINUTES minutes. No error, and no memory that grows."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

from tests.support import busy
from tests.support.callers import result, start
from tests.support.processes import free_port, running
from tests.support.wrk import measure

MINUTES = float(os.environ.get("MINUTES", "10"))
pytestmark = [pytest.mark.load, pytest.mark.timeout(60 * MINUTES + 300)]


def memory(pid: int) -> float:
    """Resident MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def test_at_half_of_its_peak_nothing_fails_and_memory_stays(module_database_url, tmp_path):
    """Seven GETs of 500 predictions to three POSTs of pairings, a quarter of which are new; memory is compared from a
    tenth of the time on, when everything was touched."""
    world = busy.build(module_database_url, tmp_path)
    key = world.new_key("load", rate=1e6, burst=10_000_000)[1]
    port = free_port()
    command = [sys.executable, "-m", "serving", "--port", str(port)]
    with running(command, tmp_path / "service.log", world.environment(tmp_path), port, "/readyz") as service:
        url = f"http://127.0.0.1:{port}"
        mixed = [json.dumps(pairing) for pairing in busy.pairings(3000)]
        get = measure(f"{url}/predict/f0001", key=key, folder=tmp_path).rate
        post = measure(f"{url}/predict/", key=key, bodies=mixed, folder=tmp_path).rate
        rate = int(0.5 / (0.7 / get + 0.3 / post))
        given = {"IDS": json.dumps(busy.fixtures()), "PAIRINGS": json.dumps(busy.pairings(600))}
        callers = start(url, key, "mixed", rate=rate, seconds=60 * MINUTES, folder=tmp_path / "k6", **given)
        seen = []
        while callers.poll() is None:
            seen.append(memory(service.pid))
            time.sleep(1)
        found = result(callers, tmp_path / "k6")
    settled = seen[len(seen) // 10 :]
    print(f"\n{found.requests} requests at {found.rate:.0f} a second (asked for {rate}): {found.bad} failed,", end=" ")  # noqa: T201
    print(f"p50 {found.p50:.2f} ms, p99 {found.p99:.2f} ms; memory {settled[0]:.0f} to {max(settled):.0f} MB")  # noqa: T201
    assert found.bad == 0
    assert max(settled) < 1.05 * settled[0]
