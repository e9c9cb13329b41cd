"""Versions and the champion on a real server: who may predict, how the others hear of it, what is never loaded."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from unittest.mock import ANY

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.archive.base import Archive, ArchiveError
from footpred_dagster.core.features.contract import FEATURE_NAMES, fingerprint
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.baselines import BaseRate, EloLogit
from footpred_dagster.core.models.bundle import FingerprintMismatch
from footpred_dagster.core.registry import promotions
from footpred_dagster.core.registry import versions as registry
from footpred_dagster.core.registry.decision import Decision, Verdict
from footpred_dagster.core.registry.promotions import CHAMPION_CHANNEL, NoEarlierChampion
from footpred_dagster.core.registry.versions import ModelVersion
from footpred_dagster.runner.run_summary import by_hand, without_champion

HISTORY = pd.DataFrame({name: [0.5, -0.5] for name in FEATURE_NAMES}).assign(league=["E0", "D1"])
"""What the models are said to be fitted on: the bundle's golden rows are taken from it."""
SUMMER = datetime(2024, 7, 1, tzinfo=UTC)
A_YEAR_LATER = datetime(2025, 7, 1, tzinfo=UTC)
ELO_WINS = Decision("elo_logit", {"elo_logit": [Verdict("leak", True, "trails the closing line")]}, "best of all")
NOBODY_WINS = Decision(None, {"elo_logit": [Verdict("leak", False, "leak flag")]}, "nobody passes all gates")


def elo(home_advantage: float = 0.25) -> EloLogit:
    return EloLogit([0.8, 0.0, -0.8], [home_advantage, 0.0, -home_advantage])


def register(
    connection: psycopg.Connection, archive: Archive, model: EloLogit | BaseRate, as_of: datetime = SUMMER
) -> ModelVersion:
    return registry.register(connection, archive, model, HISTORY, as_of=as_of)


def decide(connection: psycopg.Connection, decision: Decision, as_of: datetime = SUMMER) -> ModelVersion | None:
    return promotions.record_decision(connection, decision, as_of=as_of)


def decisions(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select decision, name, version from models.promotions order by promotion_id").fetchall()


def go_back(connection: psycopg.Connection) -> ModelVersion:
    to = promotions.earlier_champions(connection)[0]
    promotions.roll_back(connection, to, as_of=SUMMER, actor="ann", because="draws look wrong")
    return to


def test_the_same_parameters_keep_their_version_and_changed_ones_get_the_next(connection, archive):
    first = register(connection, archive, elo())
    assert (first.name, first.version, first.fingerprint) == ("elo_logit", 1, fingerprint())
    assert register(connection, archive, elo(), A_YEAR_LATER) == first
    assert register(connection, archive, elo(0.3)).version == 2
    assert register(connection, archive, elo()) == first
    assert register(connection, archive, BaseRate([0.5, 0.3, 0.2])).version == 1


def test_the_same_parameters_under_another_contract_are_another_version(connection, archive, monkeypatch):
    first = register(connection, archive, elo())
    monkeypatch.setattr(registry, "fingerprint", lambda *_: "another-one")
    monkeypatch.setattr(bundle, "fingerprint", lambda *_: "another-one")
    assert register(connection, archive, elo()) == replace(
        first, version=2, fingerprint="another-one", artifact_sha256=ANY
    )


@pytest.mark.parametrize(
    "order", [("smoke", "production"), ("production", "smoke"), ("replay", "production", "replay")]
)
def test_the_same_bytes_are_a_production_fit_once_production_gave_them(connection, archive, order):
    """In a small home a smoke fit learns from all there is; whichever comes first, the recipe is production's."""
    for profile in order:
        found = registry.register(
            connection, archive, elo(), HISTORY, as_of=SUMMER, recipe=f"made by {profile}", profile=profile
        )
    assert (found.version, found.profile, found.recipe) == (1, "production", "made by production")


def test_processes_that_register_at_once_get_versions_of_their_own(connection, archive, database_url):
    """The second waits for the first: neither the same number twice nor an error."""
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        register(connection, archive, elo(0.1))
        second = pool.submit(register, other, archive, elo(0.2))
        while not second.done() and connection.execute(waiting).fetchone() == (0,):
            time.sleep(0.01)
        connection.commit()
        assert second.result(timeout=10).version == 2


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_model_with_nan_or_infinity_is_never_registered(connection, archive, bad):
    with pytest.raises(ValueError, match="JSON"):
        register(connection, archive, elo(bad))
    assert registry.candidate(connection, "elo_logit") is None


def test_a_loaded_model_predicts_as_the_one_that_was_registered(connection, archive):
    version = register(connection, archive, elo(1 / 3))
    predicted = registry.load(archive, version).predict_frame(HISTORY)
    np.testing.assert_allclose(predicted, elo(1 / 3).predict_proba(HISTORY), atol=1e-6)


def test_a_model_fitted_under_another_contract_is_not_loaded(connection, archive, monkeypatch):
    before = fingerprint()
    version = register(connection, archive, elo())
    monkeypatch.setattr(bundle, "fingerprint", lambda *_: "another-one")
    with pytest.raises(FingerprintMismatch, match=f"{before}.*in force is another-one"):
        registry.load(archive, version)


def test_a_damaged_or_missing_artifact_is_not_loaded(connection, archive):
    version = register(connection, archive, elo())
    objects = [path for path in archive.root.rglob("*") if path.is_file()]
    assert len(objects) == 5  # manifest, graph, calibrator, golden rows, native parameters
    for path in objects:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b" ")
        with pytest.raises(ArchiveError, match="damaged"):
            registry.load(archive, version)
        path.unlink()
        with pytest.raises(ArchiveError, match="not in the archive"):
            registry.load(archive, version)
        path.write_bytes(whole)
    registry.load(archive, version).self_test()


@pytest.mark.parametrize(
    "statement",
    ["update models.promotions set version = 1", "delete from models.promotions", "truncate models.promotions"],
)
def test_promotions_are_insert_only(connection, archive, statement):
    register(connection, archive, elo())
    decide(connection, ELO_WINS)
    connection.commit()
    with pytest.raises(psycopg.errors.RestrictViolation, match=r"models\.promotions is insert-only"):
        connection.execute(statement.encode())


def test_a_promotion_must_name_a_version_that_exists(connection):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            "insert into models.promotions (as_of, name, version, decision, reasons) "
            "values (now(), 'x', 1, 'promoted', '{}')"
        )


def test_nobody_is_champion_until_somebody_is_promoted(connection, archive):
    register(connection, archive, elo())
    assert promotions.champion(connection) is None
    assert decide(connection, NOBODY_WINS) is None
    assert promotions.champion(connection) is None
    assert decisions(connection) == [("none", None, None)]


def test_a_winner_is_promoted_once_then_kept_and_survives_a_round_without_a_winner(connection, archive):
    first = register(connection, archive, elo())
    assert decide(connection, ELO_WINS) == first
    assert decide(connection, ELO_WINS) == first
    assert decide(connection, NOBODY_WINS) == first
    second = register(connection, archive, elo(0.3))
    assert promotions.champion(connection) == first
    assert decide(connection, ELO_WINS) == second == promotions.champion(connection)
    assert decisions(connection) == [
        ("promoted", "elo_logit", 1),
        ("kept", "elo_logit", 1),
        ("kept", "elo_logit", 1),
        ("refitted", "elo_logit", 2),
    ]


def test_every_decision_keeps_its_reasons_and_its_clock(connection, archive):
    register(connection, archive, elo())
    decide(connection, ELO_WINS, A_YEAR_LATER)
    found = connection.execute("select reasons, because, actor, as_of from models.promotions").fetchall()
    told = {name: [asdict(verdict) for verdict in verdicts] for name, verdicts in ELO_WINS.verdicts.items()}
    assert found == [(told, "best of all", "policy", A_YEAR_LATER)]


def test_a_decision_of_the_past_promotes_what_was_fitted_then_not_a_fit_that_saw_more(connection, archive):
    """Forbids a replay that predicts with a model trained on the matches it predicts."""
    then = register(connection, archive, elo(0.1), SUMMER)
    register(connection, archive, elo(0.2), A_YEAR_LATER)
    assert register(connection, archive, elo(0.1), SUMMER) == then
    assert decide(connection, ELO_WINS, SUMMER) == then


def test_listeners_hear_of_a_promotion_when_it_is_committed_and_of_nothing_else(connection, archive, database_url):
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"listen {CHAMPION_CHANNEL}")

        def heard() -> list[str]:
            return [note.payload for note in listener.notifies(timeout=0.1)]

        register(connection, archive, elo())
        decide(connection, NOBODY_WINS)
        decide(connection, ELO_WINS)
        assert heard() == []
        connection.rollback()
        assert heard() == []
        register(connection, archive, elo())
        decide(connection, ELO_WINS)
        connection.commit()
        assert heard() == ["elo_logit:1"]
        decide(connection, ELO_WINS)
        decide(connection, NOBODY_WINS)
        connection.commit()
        assert heard() == []


def test_rolling_back_returns_to_the_champion_before_and_says_who_did_it_and_why(connection, archive):
    first = register(connection, archive, elo())
    decide(connection, ELO_WINS)
    with pytest.raises(NoEarlierChampion, match="elo_logit version 1 is the first"):
        promotions.earlier_champions(connection)
    second = register(connection, archive, elo(0.3))
    decide(connection, ELO_WINS)
    decide(connection, NOBODY_WINS)
    assert promotions.champion(connection) == second
    assert go_back(connection) == first
    assert promotions.champion(connection) == first
    newest = connection.execute("select decision, actor, because from models.promotions order by promotion_id desc")
    assert newest.fetchone() == ("rolled back", "ann", "draws look wrong")
    assert [version.version for version, _ in promotions.champions(connection)] == [1, 2]


def test_rolling_back_twice_goes_further_back_and_never_forward_again(connection, archive):
    versions = []
    for advantage in (0.1, 0.2, 0.3):
        versions.append(register(connection, archive, elo(advantage)))
        decide(connection, ELO_WINS)
    first, second, third = versions
    assert promotions.champion(connection) == third
    assert [go_back(connection), go_back(connection)] == [second, first]
    with pytest.raises(NoEarlierChampion):
        promotions.earlier_champions(connection)


def test_a_champion_reigns_since_its_recipe_was_promoted_however_often_it_was_refitted(connection, archive):
    """Else a recipe that is refitted daily is never older than a day, and no challenger ever finds it tired."""
    register(connection, archive, elo())
    decide(connection, ELO_WINS)
    ((_, promoted),) = promotions.champions(connection)
    connection.commit()
    second = register(connection, archive, elo(0.3))
    decide(connection, ELO_WINS)
    assert promotions.champions(connection)[0] == (second, promoted)


def test_why_nobody_predicts_is_told_until_somebody_does(connection, archive):
    assert without_champion(connection) == {}
    decide(connection, NOBODY_WINS)
    assert without_champion(connection) == {"elo_logit": ["leak flag"]}
    register(connection, archive, elo())
    decide(connection, ELO_WINS)
    assert without_champion(connection) == {}


def test_a_champion_by_hand_is_told_with_who_and_why(connection, archive):
    version = register(connection, archive, elo())
    decide(connection, ELO_WINS)
    assert by_hand(connection) is None
    promotions.promote(connection, version, as_of=SUMMER, actor="ann", because="draws look right")
    decide(connection, NOBODY_WINS)
    assert by_hand(connection) == {"decision": "promoted", "by": "ann", "because": "draws look right"}
