"""The dbt models without dbt: compiled once, then run as plain SQL, so that a property test can build them often."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from footpred_dagster.core.clubs.resolution import resolve
from footpred_dagster.core.domain import Season
from footpred_dagster.core.ratings.store import store_ratings
from footpred_dagster.orchestration.dbt_project import PROJECT_DIR, connection_environment
from tests.support import warm

TIMEOUT = 300
SEED_COLUMNS = {
    "leagues": "league text, name text, country text, tier integer, first_season integer, calendar text",
    "team_aliases": "country text, name text, team_id text, first_season text, last_season text",
}


@dataclass(frozen=True)
class Result:
    """A played match, with goals of None a fixture, with ``void`` a line of the results file without a score, and with
    ``awarded`` one that looks decided without play.
    """

    day: date
    home: str
    away: str
    goals: tuple[int, int] | None
    league: str = "E0"
    clock: time | None = None
    void: bool = False
    awarded: bool = False


def run_dbt(database_url: str, target: Path, *command: str) -> str:
    """Run a dbt command on the project with that database; returns what it printed, fails the test if it fails."""
    where = ("--project-dir", PROJECT_DIR, "--profiles-dir", PROJECT_DIR, "--target-path", target, "--log-path", target)
    environment = os.environ | connection_environment(database_url)
    code, said, _ = warm.call(["dbt", *command, *map(str, where)], environment, TIMEOUT)
    assert code == 0, said[-4000:]
    return said


def compile_models(database_url: str, target: Path) -> list[tuple[str, str, str]]:
    """(schema, name, compiled select) of every model up to features, upstream first; good for any of our databases."""
    run_dbt(database_url, target, "compile", "--quiet")
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    wanted = [key for key, node in nodes.items() if node["resource_type"] == "model" and node["schema"] == "features"]
    models: dict[str, dict] = {}
    while wanted:
        key = wanted.pop()
        if key not in models and nodes.get(key, {}).get("resource_type") == "model":
            models[key] = nodes[key]
            wanted += nodes[key]["depends_on"]["nodes"]
    database = f'"{urlsplit(database_url).path.lstrip("/")}".'
    done: dict[str, tuple[str, str, str]] = {}
    while len(done) < len(models):
        for key, node in models.items():
            needed = [parent for parent in node["depends_on"]["nodes"] if parent in models]
            if key not in done and all(parent in done for parent in needed):
                done[key] = (node["schema"], node["name"], node["compiled_code"].replace(database, ""))
    return list(done.values())


def load_seeds(connection: psycopg.Connection) -> None:
    for seed, columns in SEED_COLUMNS.items():
        connection.execute(f"create table staging.{seed} ({columns})")
        with (PROJECT_DIR / "seeds" / f"{seed}.csv").open(newline="") as file, connection.cursor() as cursor:
            rows = csv.reader(file)
            header = next(rows)
            with cursor.copy(f"copy staging.{seed} ({', '.join(header)}) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
    connection.commit()


def build(
    connection: psycopg.Connection, models: list[tuple[str, str, str]], results: list[Result]
) -> dict[str, tuple]:
    """Features of every match and fixture by (day, home, away), after loading ``results`` into an empty raw layer."""
    with connection.cursor() as cursor:
        cursor.execute("truncate raw.matches, raw.fixtures")
        for line, result in enumerate(results, 2):
            season = str(Season.containing(result.day))
            if result.goals is None and not result.void:
                cursor.execute(
                    """
                    insert into raw.fixtures (line, league, match_date, kickoff_time, home, away)
                    values (%s, %s, %s, %s, %s, %s)
                    """,
                    [line, result.league, result.day, result.clock, result.home, result.away],
                )
            else:
                cursor.execute(
                    """
                    insert into raw.matches
                        (partition_key, league, season, line, match_date, kickoff_time, home, away, home_goals,
                        away_goals, looks_awarded)
                    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                    """,
                    [
                        *(f"{result.league}|{season}", result.league, season, line, result.day, result.clock),
                        *(result.home, result.away, *(result.goals or (None, None)), result.awarded),
                    ],
                )
        cursor.execute("truncate intermediate.club_names, intermediate.held_seasons, raw.changes")
        resolve(connection)
        rated = False
        for schema, name, select in models:
            if schema == "features" and not rated:
                connection.execute("truncate intermediate.build_marks")
                store_ratings(connection, "test")
                rated = True
            cursor.execute(f"drop table if exists {schema}.{name} cascade")
            cursor.execute(f"create table {schema}.{name} as {select}")
        cursor.execute("""
            select (match_date, home_id, away_id)::text, to_jsonb(features)
            from features.fct_match_features as features inner join intermediate.int_match_spine using (match_id)
        """)
        return dict(cursor.fetchall())
