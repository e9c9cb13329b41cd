"""A bundle that fails, or that the archive does not give, leaves the earlier champion and all else alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from footpred_dagster.core import api_keys
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.versions import ModelVersion
from tests.support.readiness import problems, ready, until
from tests.support.service import KICKOFF, World, serving

LIMITS = {"serving.state.watcher.LATE_SECONDS": 2.0}
"""Shorter than it is, so that a test need not wait."""
PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}


def odd_bundle(world: World, version: ModelVersion, change: Callable[[dict[str, Any]], None]) -> str:
    """Digest of a bundle that is whole by its hashes, with golden answers after ``change``."""
    archive = LocalArchive(world.archive)
    manifest = json.loads(archive.get(version.artifact_sha256))
    golden = json.loads(archive.get(manifest["files"]["golden.json"]))
    change(golden)
    manifest["files"]["golden.json"] = archive.put(json.dumps(golden).encode())
    return archive.put(json.dumps(manifest).encode())


def promote(world: World, number: int, digest: str) -> None:
    with world.connect() as connection:
        connection.execute(
            """insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
            values ('elo_logit', %s, %s, %s, now(), 1, 'production')""",
            [number, world.version.fingerprint, digest],
        )
        version = versions.find(connection, "elo_logit", number)
        assert version
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor="tests", because="a test")


def promote_good(world: World) -> None:
    with world.connect() as connection:
        promotions.promote(connection, world.version, as_of=datetime.now(UTC), actor="tests", because="it is good")


def no_leagues(golden: dict[str, Any]) -> None:
    del golden["leagues"]


def other_width(golden: dict[str, Any]) -> None:
    golden["features"] = [[*row, 0.0] for row in golden["features"]]


@pytest.mark.fault(62, "a bundle that fails oddly")
@pytest.mark.parametrize(("number", "change"), [(201, no_leagues), (202, other_width)])
def test_a_bundle_that_fails_in_whatever_way_keeps_the_earlier_champion(http, service, world, number, change):
    promote(world, number, odd_bundle(world, world.version, change))
    until(lambda: f"version {number}" in problems(http), http)
    assert ready(http) == (200, "degraded")
    assert http.post("/predict/", json=PAIRING).json()["model"]["version"] == world.version.version
    assert service.metric("model_champion_loaded") == 0
    promote_good(world)


@pytest.mark.fault(62, "a silent archive")
def test_a_slow_archive_holds_up_its_bundle_alone(http, world):
    digest = "f" * 64
    pipe = world.archive / digest[:2] / digest[2:]
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    identity, key = world.new_key()
    try:
        promote(world, 203, digest)
        until(lambda: "Champion was not refreshed" in problems(http), http)
        assert http.post("/predict/", json=PAIRING).status_code == 200
        assert http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 200
        with world.connect() as connection:
            api_keys.revoke(connection, identity)
        until(lambda: http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 401, http, 2)
    finally:
        promote_good(world)
        with pipe.open("wb") as end:
            end.write(b"no bundle")
        pipe.unlink()


def test_without_a_champion_it_is_not_ready_and_lookups_are(world, tmp_path):
    with serving(
        world, tmp_path, limits=LIMITS, FOOTPRED_STORAGE_URL=tmp_path.as_uri(), ready="/readyz/lookups"
    ) as served:
        status, told = served.get("/readyz")
        assert (status, told["status"], told["database"], told["model"]) == (503, "unavailable", True, None)
        assert served.get("/readyz/lookups")[0] == 200
        assert served.get("/predict/m1", X_API_Key=world.key)[0] == 200
