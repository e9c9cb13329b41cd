"""A small world to serve: four clubs, two fixtures that are predicted and one that is not, and a champion."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg

from footpred_dagster.core import api_keys
from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.features.contract import FORM, VENUE_FORM, VENUE_WINDOW, WINDOWS
from footpred_dagster.core.models.baselines import EloLogit
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.core.predictions.served import serve
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.versions import ModelVersion
from footpred_dagster.core.settings import COMPONENTS, component_variable
from tests.support.features import judged_history
from tests.support.processes import free_port, running
from tests.support.roles import component_url, establish
from tests.support.sealed import live, replay

FORMULA = "=HYPERLINK(1)"
"""A club somebody gave such a name."""
TEAMS = {"arsenal": "Arsenal", "chelsea": "Chelsea", "leeds": "Leeds", "formula": FORMULA}
KICKOFF = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
PLAYED = datetime(2024, 5, 4, 14, tzinfo=UTC)
ALIASES = {"arsenal": "Arsenal|The Gunners"}
PROPER = {"leeds": ("Leeds United", "Leeds"), "arsenal": ("Arsenal", "London")}
"""Proper name and city of those that have one."""
ODDS = (2.1, 3.4, 3.6)
EVERY_SCOPE = ("read", "predict", "batch")
FIXTURES: dict[str, tuple[str, str, datetime]] = {
    "m1": ("arsenal", "chelsea", KICKOFF),
    "m2": ("leeds", "formula", KICKOFF + timedelta(days=1)),
    "m3": ("chelsea", "leeds", KICKOFF + timedelta(days=3)),  # nobody predicted it
    "r1": ("leeds", "arsenal", PLAYED),  # predicted in a replay, played since
}
FORM_COLUMNS = [
    *(f"all_{metric}_last_{window}" for window in WINDOWS for metric in FORM),
    *(f"{side}_venue_{metric}_last_{VENUE_WINDOW}" for side in ("home", "away") for metric in VENUE_FORM),
]
TABLES = f"""
    create table intermediate.int_fixtures (
        match_id text, league text, season text, kickoff timestamptz, kickoff_known boolean, home_id text,
        home_name text, away_id text, away_name text, opening_odds_home float8, opening_odds_draw float8,
        opening_odds_away float8);
    create table staging.team_aliases (
        country text, name text, team_id text, first_season text, last_season text);
    create table marts.dim_teams (team_id text, name text, display_name text, city text, aliases text, country text,
        league text, season text, moved text, first_season text, matches bigint);
    create table marts.dim_leagues (league text, name text, country text, tier integer, calendar text,
        first_season text, latest_season text, matches bigint);
    create table marts.fct_league_tables (league text, season text, team_id text);
    create table marts.fct_team_form (team_id text, latest_match_date date, results_last_5 text,
        points_last_5 float8, goals_for_last_5 float8, goals_against_last_5 float8);
    create table marts.fct_matches (match_id text, league text, season text, match_date date, kickoff timestamptz,
        kickoff_known boolean, status text, home_id text, home_name text, away_id text, away_name text,
        home_goals smallint, away_goals smallint, status_decided_by text, ruling text);
    create table features.online_team_state (team_id text, league text, season text, elo float8, home_pi float8,
        away_pi float8, attack float8[], defence float8[], momentum float8[], latest_match_date date,
        latest_kickoff timestamptz, matches_played bigint, table_matches bigint, table_position bigint,
        table_points float8, {", ".join(f"{name} float8" for name in FORM_COLUMNS)});
    create table features.online_pair_state (team_id text, opponent_id text, meetings bigint, points_last_5 float8);
"""


@dataclass(frozen=True)
class World:
    """``archive``: folder of bundles. ``version``: the champion. ``key`` opens everything but administration."""

    database_url: str
    archive: Path
    version: ModelVersion
    key: str

    def url(self, component: str) -> str:
        return component_url(self.database_url, component)

    def connect(self) -> psycopg.Connection[Any]:
        """As the owner."""
        return psycopg.connect(self.database_url, autocommit=True)

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        usual = {
            "FOOTPRED_HOME": str(home),
            **{component_variable(each): self.url(each) for each in COMPONENTS},
            "FOOTPRED_STORAGE_URL": self.archive.as_uri(),
            "FOOTPRED_SERVICE_DRAIN": "0.01",
            "FOOTPRED_SERVICE_POLL": "1",
        }
        return usual | more

    def new_key(self, name: str = "other", scopes: Sequence[str] = EVERY_SCOPE, **facts: Any) -> tuple[str, str]:
        """(id, text)."""
        with self.connect() as connection:
            key, text = api_keys.create(connection, name, scopes, **facts)
        return key.id, text


def build(database_url: str, folder: Path) -> World:
    """Fill a migrated database and an archive."""
    archive = LocalArchive(folder / "archive")
    with psycopg.connect(database_url) as connection:
        connection.execute(TABLES.encode())
        for table in ("marts.dim_teams", "features.online_team_state"):
            connection.execute("select serving.track_table(%s)", [table])
        _fill(connection)
        version = promoted(connection, archive, seed_season="2018-19")
        facts = {"model_name": version.name, "model_version": version.version, "fingerprint": version.fingerprint}
        grid = {"rate_home": 1.6, "rate_away": 1.1, "rate_correction": -0.05}
        sealed = [
            live(match_id="m1", kickoff=KICKOFF, reasons={"strength": 0.4}, **grid, **facts),
            live(match_id="m2", kickoff=FIXTURES["m2"][2], p_home=0.2, p_draw=0.3, p_away=0.5, **facts),
            replay(match_id="r1", kickoff=PLAYED, **facts),
        ]
        seal(connection, sealed)
        serve(connection, sealed)
        _, key = api_keys.create(connection, "tests", EVERY_SCOPE, rate=10_000, burst=10_000)
    establish(database_url)
    return World(database_url, archive.root, version, key)


def promoted(connection: psycopg.Connection[Any], archive: Archive, *, seed_season: str) -> ModelVersion:
    """A new version of the Elo logit, fitted without one season, that is champion from now on."""
    version = fitted(connection, archive, seed_season=seed_season)
    promotions.promote(connection, version, as_of=datetime.now(UTC), actor="tests", because="it is new")
    return version


def fitted(connection: psycopg.Connection[Any], archive: Archive, *, seed_season: str) -> ModelVersion:
    history = judged_history()
    history = history[history["season"] != seed_season]
    now = datetime.now(UTC)
    with connection.transaction():
        return versions.register(connection, archive, EloLogit().fit(history), history, as_of=now, recipe=seed_season)


def _fill(connection: psycopg.Connection[Any]) -> None:
    def insert(table: str, *rows: Sequence[Any]) -> None:
        for row in rows:
            connection.execute(f"insert into {table} values ({', '.join(['%s'] * len(row))})".encode(), row)

    insert("staging.team_aliases", ("England", "The Gunners", "arsenal"))
    insert("marts.dim_leagues", ("E0", "Premier League", "England", 1, "autumn", "1993-94", "2025-26", 9000))
    insert("marts.dim_leagues", ("D1", "Bundesliga", "Germany", 1, "autumn", None, None, 0))
    insert("marts.fct_league_tables", ("E0", "2024-25", "leeds"), ("E0", "2025-26", "leeds"))
    insert("ratings.division_state", ("E0", "2025-26", [0.3, 0.3, 0.3, 0.3], [0.2, 0.2, 0.2, 0.2]))
    insert("features.online_pair_state", ("arsenal", "chelsea", 4, 1.75))
    for place, (team, name) in enumerate(TEAMS.items()):
        proper, city = PROPER.get(team, (name, None))
        names = (team, name, proper, city, ALIASES.get(team, name))
        insert("marts.dim_teams", (*names, "England", "E0", "2025-26", "stayed", "1993-94", 900))
        insert("marts.fct_team_form", (team, PLAYED.date(), "WDLWW", 2.0, 1.8, 0.9))
        ratings = (1500.0 + 40 * place, 0.1 * place, -0.1 * place, [0.1] * 4, [0.0] * 4, [0.0] * 4)
        facts = (PLAYED.date(), PLAYED, 900, 38, place + 1, 1.5)
        insert("features.online_team_state", (team, "E0", "2025-26", *ratings, *facts, *[1.2] * len(FORM_COLUMNS)))
    for match_id, (home, away, kickoff) in FIXTURES.items():
        teams = (home, TEAMS[home], away, TEAMS[away])
        played = kickoff == PLAYED
        status, goals = ("played", (2, 1)) if played else ("fixture", (None, None))
        match = (match_id, "E0", "2025-26", kickoff.date(), kickoff, True, status, *teams, *goals, "source", None)
        insert("marts.fct_matches", match)
        odds = ODDS if match_id == "m1" else (None, None, None)
        insert("intermediate.int_fixtures", (match_id, "E0", "2025-26", kickoff, True, *teams, *odds))
    connection.execute("insert into raw.fetches (source, path, url, status, seconds) values ('x', 'x', 'x', 200, 0.1)")


@dataclass
class Served:
    """The service as a process of its own. ``metrics_port``: of loopback. ``log``: everything it wrote."""

    url: str
    metrics_port: int
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """Processes that answer requests, where there is more than one."""
        children = psutil.Process(self.process.pid).children()
        running = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return [child.pid for child in running if "spawn_main" in " ".join(child.cmdline())]

    def metrics(self, path: str = "/metrics") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=10) as page:
            return str(page.read().decode())

    def metric(self, name: str) -> float:
        return next(float(line.split()[-1]) for line in self.metrics().splitlines() if line.startswith(name))

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(self.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@contextmanager
def serving(
    world: World,
    home: Path,
    *,
    workers: int = 1,
    limits: Mapping[str, float] | None = None,
    ready: str = "/readyz",
    port: int = 0,
    **environment: str,
) -> Iterator[Served]:
    """Start it, wait until ``ready`` answers 200, and end it.

    ``limits`` replaces constants of the service by their dotted names, so that a test need not wait for a time limit.
    """
    port, metrics_port, log = port or free_port(), free_port(), home / "service.log"
    lines = [f"import {name.rpartition('.')[0]}; {name} = {value}" for name, value in (limits or {}).items()]
    start = ["-c", "\n".join([*lines, "from serving.__main__ import main; main()"])] if lines else ["-m", "serving"]
    command = [sys.executable, *start, "--port", str(port), "--workers", str(workers)]
    command += ["--metrics-port", str(metrics_port)]
    with running(command, log, world.environment(home, **environment), port, ready) as process:
        yield Served(f"http://127.0.0.1:{port}", metrics_port, process, log)
