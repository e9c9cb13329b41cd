"""The champion moves: the new one takes over after its self test, a bad one never does."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.features.contract import MARKET_AWARE_MODEL
from footpred_dagster.core.models.bundle import MANIFEST, ONNX
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.core.predictions.served import serve
from footpred_dagster.core.registry import promotions, versions
from tests.support.metrics import exposition
from tests.support.sealed import live
from tests.support.service import FIXTURES, fitted, promoted

SEASONS = iter([f"{year}-{year % 100 + 1}" for year in range(2019, 2025)])


def until(client, met: Callable[[dict], bool], path: str = "/predict/model/info", seconds: float = 10) -> dict:
    """What ``path`` tells once ``met``."""
    deadline = time.monotonic() + seconds
    while not met(told := client.get(path).json()):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told


def loaded(version: int) -> Callable[[dict], bool]:
    return lambda told: told["loaded"]["version"] == version and told["champion"]["version"] == version


@pytest.fixture
def archive(world) -> LocalArchive:
    return LocalArchive(world.archive)


def test_a_new_champion_takes_over_and_an_old_one_comes_back(client, world, archive):
    before = client.get("/predict/model/info").json()["loaded"]["version"]
    with world.connect() as connection:
        version = promoted(connection, archive, seed_season=next(SEASONS))
        assert version.version != before
        assert until(client, loaded(version.version))["problem"] is None
        text = exposition()
        assert f'model_info{{name="elo_logit",version="{version.version}"}} 1.0' in text
        assert f'model_info{{name="elo_logit",version="{before}"}} 0.0' in text
        back = promotions.earlier_champions(connection)[0]
        promotions.roll_back(connection, back, as_of=datetime.now(UTC), actor="tests", because="back")
    until(client, loaded(before))


def spoiled(archive: LocalArchive, digest: str, change: Callable[[dict], None]) -> str:
    """Digest of a bundle after ``change`` altered its manifest."""
    manifest = json.loads(archive.get(digest))
    change(manifest)
    return archive.put(json.dumps(manifest).encode())


def a_pickle(archive: LocalArchive) -> Callable[[dict], None]:
    digest = archive.put(pickle.dumps({"no": "model"}))
    return lambda manifest: manifest["files"].update({"native/model.pkl": digest})


def another_graph(archive: LocalArchive, other: str) -> Callable[[dict], None]:
    graph = json.loads(archive.get(other))["files"][ONNX]
    return lambda manifest: manifest["files"].update({ONNX: graph})


def test_a_champion_that_is_missing_damaged_holds_a_pickle_or_answers_otherwise_never_takes_over(
    client, world, archive
):
    good = client.get("/predict/model/info").json()["loaded"]
    with world.connect() as connection:
        version = fitted(connection, archive, seed_season=next(SEASONS))
        bad = {
            "is not in the archive": "0" * 64,
            r"native/model.pkl": spoiled(archive, version.artifact_sha256, a_pickle(archive)),
            "differs from the native model": spoiled(
                archive, version.artifact_sha256, another_graph(archive, world.version.artifact_sha256)
            ),
            "has no golden.json": spoiled(
                archive, version.artifact_sha256, lambda manifest: manifest["files"].pop("golden.json")
            ),
        }
        for number, (reason, digest) in enumerate(bad.items(), start=100):
            connection.execute(
                """insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows,
                    profile) values ('elo_logit', %s, %s, %s, now(), 1, 'production')""",
                [number, version.fingerprint, digest],
            )
            refused = versions.find(connection, "elo_logit", number)
            assert refused
            promotions.promote(connection, refused, as_of=datetime.now(UTC), actor="tests", because="it is bad")
            told = until(client, lambda told, number=number: f"version {number}" in (told["problem"] or ""))
            assert reason in told["problem"]
            assert told["loaded"] == good
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert reason in " ".join(ready.json()["problems"])
            assert "model_champion_loaded 0.0" in exposition()
            assert client.get("/predict/m1").status_code == 200
        promotions.promote(connection, world.version, as_of=datetime.now(UTC), actor="tests", because="it is good")
    until(client, loaded(world.version.version))
    assert client.get("/readyz").json()["status"] == "ready"


def test_a_damaged_bundle_is_loaded_once_it_is_whole_again(client, world, archive):
    with world.connect() as connection:
        version = fitted(connection, archive, seed_season=next(SEASONS))
        path = archive.root / version.artifact_sha256[:2] / version.artifact_sha256[2:]
        body = path.read_bytes()
        assert MANIFEST == "bundle.json"
        path.write_bytes(body + b" ")
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor="tests", because="damaged")
    assert "damaged" in until(client, lambda told: told["problem"] is not None)["problem"]
    path.write_bytes(body)
    assert until(client, loaded(version.version))["problem"] is None


def test_a_market_aware_model_never_predicts_here(client, world, archive):
    good = client.get("/predict/model/info").json()["loaded"]
    with world.connect() as connection:
        connection.execute(
            """insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
            values (%s, 1, 'x', %s, now(), 1, 'production')""",
            [MARKET_AWARE_MODEL, world.version.artifact_sha256],
        )
        version = versions.find(connection, MARKET_AWARE_MODEL, 1)
        assert version
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor="tests", because="by mistake")
        told = until(client, lambda told: MARKET_AWARE_MODEL in (told["problem"] or ""))
        assert (told["loaded"], "reads prices" in told["problem"]) == (good, True)
        promotions.promote(connection, world.version, as_of=datetime.now(UTC), actor="tests", because="it is good")
    until(client, loaded(world.version.version))


def test_what_is_sealed_anew_is_served_within_a_second(client, world):
    before = client.get("/predict/m1")
    with world.connect() as connection, connection.transaction():
        facts = {"model_name": "elo_logit", "model_version": 1, "fingerprint": world.version.fingerprint}
        fresh = live(match_id="m1", kickoff=FIXTURES["m1"][2], feature_hash="c" * 16, p_home=0.4, p_draw=0.35,
                     p_away=0.25, **facts)  # fmt: skip
        seal(connection, [fresh])
        serve(connection, [fresh])
    told = until(client, lambda told: told["probabilities"]["home"] == 0.4, "/predict/m1", seconds=1)
    assert told["seq"] > before.json()["seq"]
    answer = client.get("/predict/m1", headers={"If-None-Match": before.headers["etag"]})
    assert answer.status_code == 200
