"""A small football world for the dashboard: marts in the shape of their contract, a champion, predictions, defects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from psycopg.types.json import Jsonb

from footpred_dagster.orchestration.dbt_project import PROJECT_DIR

NASTY = "<script>document.title='pwned'</script><b>Bold & Co</b>"
"""A club's name as a broken or hostile source may spell it."""
FORMULA = '=HYPERLINK("http://evil.example","x")'
CLUBS = {"alpha": "Alpha", "beta": "Beta Town", "nasty": NASTY, "formula": FORMULA}
PROPER = {"beta": "Bêta Town United"}
CITIES = {"beta": "Betaville"}
CHAMPION = ("stack", 1, "recipe-1")
PLAYED = [  # day, home, away, goals
    (1, "alpha", "beta", (2, 0)),
    (1, "nasty", "formula", (1, 1)),
    (8, "beta", "nasty", (0, 3)),
    (8, "formula", "alpha", (0, 1)),
    (15, "alpha", "nasty", (2, 2)),
    (15, "beta", "formula", (1, 0)),
]
FIXTURES = [("nasty", "alpha"), ("formula", "beta")]
LOSSES = {"stack": 1.0056, "elo_logit": 1.0135, "base_rate": 1.0751, "market_closing": 0.9939, "market_opening": 0.9975}


def build(connection: psycopg.Connection) -> None:
    """Fill a migrated database; commits."""
    _marts(connection)
    _matches(connection)
    _models(connection)
    _predictions(connection)
    _raw(connection)
    connection.commit()


def insert(connection: psycopg.Connection, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        connection.execute(statement, list(row.values()))


def match_id(home: str, away: str) -> str:
    return f"{home}-{away}"


def _marts(connection: psycopg.Connection) -> None:
    """Empty tables with exactly the columns dbt's enforced contract gives them."""
    for model in yaml.safe_load((Path(PROJECT_DIR) / "models/marts/marts.yml").read_text())["models"]:
        columns = sql.SQL(", ").join(
            sql.SQL("{} " + column["data_type"]).format(sql.Identifier(column["name"])) for column in model["columns"]
        )
        connection.execute(sql.SQL("create table marts.{} ({})").format(sql.Identifier(model["name"]), columns))


def _matches(connection: psycopg.Connection) -> None:
    league = {"league": "E0", "season": "2024-25"}
    about = {"name": "Premier League", "country": "England", "tier": 1, "calendar": "autumn"}
    about |= {"league": "E0", "first_season": "2024-25", "latest_season": "2024-25", "matches": len(PLAYED)}
    insert(connection, "marts.dim_leagues", about)
    soon = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=2)
    rows = [(datetime(2024, 9, day, 14, tzinfo=UTC), *rest) for day, *rest in PLAYED]
    rows += [(soon, home, away, None) for home, away in FIXTURES]
    for number, (kickoff, home, away, goals) in enumerate(rows):
        outcome = None if goals is None else 0 if goals[0] > goals[1] else 1 if goals[0] == goals[1] else 2
        insert(connection, "marts.fct_matches", league | {
            "match_id": match_id(home, away), "match_date": kickoff.date(), "kickoff": kickoff, "kickoff_known": True,
            "status": "fixture" if goals is None else "played", "status_decided_by": "source",
            "closing_is_opening": False, "home_id": home, "home_name": CLUBS[home],
            "away_id": away, "away_name": CLUBS[away], "home_goals": goals and goals[0],
            "away_goals": goals and goals[1], "outcome": outcome,
            **{f"{when}_odds_{side}": odds for when in ("opening", "closing")
               for side, odds in zip(("home", "draw", "away"), (2.0, 3.5, 3.8), strict=True)},
        })  # fmt: skip
        insert(connection, "ratings.team_elo", league | {
            "match_id": match_id(home, away), "kickoff": kickoff, "is_played": goals is not None,
            "home_elo": 1500.0 + number, "away_elo": 1490.0, "elo_difference": 10.0 + number})  # fmt: skip
    for place, (team, name) in enumerate(CLUBS.items(), 1):
        insert(connection, "marts.dim_teams", league | {
               "team_id": team, "name": name, "display_name": PROPER.get(team, name),
               "city": CITIES.get(team), "aliases": name, "country": "England",
               "moved": "stayed", "first_season": "2024-25", "matches": 3})  # fmt: skip
        insert(connection, "marts.fct_league_tables", league | {
            "table_date": date(2024, 9, 15), "position": place, "team_id": team, "team_name": name, "played": 3,
            "won": 2, "drawn": 1, "lost": 0, "goals_for": 5, "goals_against": 2, "goal_difference": 3,
            "points": 7, "points_won": 7, "points_adjustment": 0, "points_halved": 0, "is_final": False,
            "zone": "title" if place == 1 else None})  # fmt: skip
        insert(connection, "marts.fct_team_form", league | {
            "team_id": team, "team_name": name, "latest_match_date": date(2024, 9, 15), "results_last_5": "WDL",
            "points_last_5": 1.33, "goals_for_last_5": 1.5, "goals_against_last_5": 1.0})  # fmt: skip
        insert(connection, "ratings.team_state", league | {
            "team_id": team, "elo": 1500.0 + 10 * place, "home_pi": 0.2, "away_pi": 0.1, "attack": [0.0],
            "defence": [0.0], "momentum": [0.0]})  # fmt: skip


def _models(connection: psycopg.Connection) -> None:
    name, version, recipe = CHAMPION
    moment = datetime(2024, 9, 20, tzinfo=UTC)
    insert(connection, "models.versions", {"name": name, "version": version, "fingerprint": "f" * 12,
           "artifact_sha256": "a" * 64, "as_of": moment, "training_rows": 6, "profile": "production",
           "recipe": recipe})  # fmt: skip
    insert(connection, "models.candidates", {"name": name, "version": version})
    gates = [{"gate": "profile", "says": "profile production", "passed": True},
             {"gate": "base rate", "says": "<i>worse</i>", "passed": False}]  # fmt: skip
    insert(connection, "models.promotions", {"as_of": moment, "name": name, "version": version,
           "decision": "promoted", "because": "best of those that pass", "reasons": Jsonb({name: gates})})  # fmt: skip
    for day, home, away, _ in PLAYED:
        insert(connection, "models.walk_forward", {
            "model": name, "recipe": recipe, "match_id": match_id(home, away), "league": "E0", "season": "2024-25",
            "kickoff": datetime(2024, 9, day, 14, tzinfo=UTC), "p_home": 0.5, "p_draw": 0.3, "p_away": 0.2,
        })  # fmt: skip
    for model, loss in LOSSES.items():
        scores = {"n": 15480, "log_loss": loss, "rps": 0.2, "brier": 0.6, "ece": 0.004, "accuracy": 0.5, "se": 0.003}
        for group in ("all", "top5", "E0"):
            insert(connection, "models.evaluation",
                   {"model": model, "window": "final", "league": group, "seasons": "2324,2425"} | scores)  # fmt: skip
        insert(connection, "models.slices",
               {"model": model, "window": "final", "slice": "season", "value": "2024-25"} | scores)  # fmt: skip
    insert(connection, "models.comparisons", {
        "model": "elo_logit", "against": name, "window": "selection", "league": "all", "n": 100,
        "difference": -0.01, "se": 0.001, "low": -0.012, "high": -0.008})  # fmt: skip
    insert(connection, "models.looks", {"as_of": moment, "seasons": "2024-25", "models": name, "by": "evaluation"})


def _predictions(connection: psycopg.Connection) -> None:
    name, version, _ = CHAMPION
    moment = datetime.now(UTC)
    for seq, (home, away) in enumerate(FIXTURES, 1):
        insert(connection, "predictions.served", {
            "match_id": match_id(home, away), "seq": seq, "league": "E0", "season": "2024-25",
            "kickoff": moment + timedelta(days=2), "kickoff_known": True, "home_id": home, "home_name": CLUBS[home],
            "away_id": away, "away_name": CLUBS[away], "kind": "live", "model_name": name, "model_version": version,
            "as_of": moment, "latest_input": moment - timedelta(days=3), "sealed_at": moment, "p_home": 0.45,
            "p_draw": 0.30, "p_away": 0.25, "rate_home": 1.4, "rate_away": 1.0, "rate_correction": -0.05,
            "reasons": Jsonb({"strength": 0.4, "rest": -0.1})})  # fmt: skip


def _raw(connection: psycopg.Connection) -> None:
    insert(connection, "raw.fetches", {"source": "simulator", "path": "a.csv", "url": "http://sim/a.csv",
           "status": 200, "seconds": 0.01, "simulated": True})  # fmt: skip
    insert(connection, "raw.loads", {"partition_key": "E0|2024-25", "sha256": "s", "parser_version": "1", "rows": 6,
           "quarantined": 1, "facts": Jsonb({})})  # fmt: skip
    insert(connection, "raw.quarantine", {"partition_key": "E0|2024-25", "path": "a.csv", "sha256": "s", "line": 7,
           "column": "HST", "reason": "bad_odds", "value": "<img src=x>", "dropped": False})  # fmt: skip
