"""A world worth measuring: the champion is a stack, 300 clubs may be paired, and 500 fixtures are predicted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.core.predictions.served import serve
from footpred_dagster.core.registry import promotions, versions
from tests.support import service
from tests.support.features import judged_history
from tests.support.sealed import live
from tests.support.service import KICKOFF, World

CLUBS, FIXTURES = 300, 500


def build(database_url: str, folder: Path) -> World:
    world = service.build(database_url, folder)
    history = judged_history()
    with world.connect() as connection:
        for table in ("features.online_team_state", "marts.dim_teams", "marts.fct_team_form"):
            connection.execute(
                f"""
                insert into {table} select (jsonb_populate_record(known, jsonb_build_object('team_id', 'club' || n))).*
                from {table} as known cross join generate_series(1, %s) as n where team_id = 'arsenal'
                """.encode(),
                [CLUBS],
            )
        with connection.transaction():
            version = versions.register(
                connection,
                LocalArchive(world.archive),
                RECIPES["stack"]().fit(history),
                history,
                as_of=datetime.now(UTC),
                recipe="busy",
            )
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor="tests", because="it is the one in use")
        _predict(connection, version)
    return World(world.database_url, world.archive, version, world.key)


def _predict(connection: psycopg.Connection, version: versions.ModelVersion) -> None:
    facts = {"model_name": version.name, "model_version": version.version, "fingerprint": version.fingerprint}
    reasons = {"strength": 0.41, "form": -0.02, "rest": 0.001, "home": 0.3, "prior": 0.05, "elo": 0.2}
    grid = {"rate_home": 1.6, "rate_away": 1.1, "rate_correction": -0.05, "reasons": reasons}
    sealed = [live(match_id=match_id, kickoff=KICKOFF, **grid, **facts) for match_id in fixtures()]
    for number, match_id in enumerate(fixtures()):
        teams = (f"club{number % CLUBS + 1}", "A", f"club{(number + 1) % CLUBS + 1}", "B")
        connection.execute(
            f"insert into intermediate.int_fixtures values (%s, 'E0', '2025-26', %s, true, {'%s, ' * 4} 2.1, 3.4, 3.6)",
            [match_id, KICKOFF, *teams],
        )
    with connection.transaction():
        seal(connection, sealed)
        serve(connection, sealed)


def fixtures() -> list[str]:
    return [f"f{number:04d}" for number in range(FIXTURES)]


def pairings(n: int) -> list[dict[str, str]]:
    """So many, all different: pairs of clubs on the same day first."""
    pairs = [(home, away) for home in range(1, CLUBS + 1) for away in range(1, CLUBS + 1) if home != away]
    return [
        {
            "league": "E0",
            "home": f"club{home}",
            "away": f"club{away}",
            "kickoff": f"{KICKOFF + timedelta(days=3 + number // len(pairs)):%Y-%m-%dT15:00:00Z}",
        }
        for number in range(n)
        for home, away in [pairs[number % len(pairs)]]
    ]
