"""Rulings about matches: the seed, users before it, and what incremental tables are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.matches import rulings as match_rulings
from footpred_dagster.core.matches.rulings import BY_USER, Ruling, as_text, in_force, parse, read_seed, resolve, state

RULING = Ruling(
    *("T1", "2023-24", date(2024, 4, 7), "galatasaray", "fenerbahce"),
    *("awarded", 3, 0, "user", 'said, "so"', BY_USER),
)


def changes(connection: psycopg.Connection) -> list[tuple]:
    found = connection.execute(
        "select league, season, team_id, from_date from raw.changes order by change_id"
    ).fetchall()
    connection.execute("truncate raw.changes")
    return found


def test_the_seed_is_of_known_leagues_and_days_of_the_season():
    seed = read_seed()
    assert len({ruling.key for ruling in seed}) == len(seed) >= 74
    for ruling in seed:
        assert ruling.league in LEAGUES
        assert Season.stored(ruling.season).holds(ruling.match_date)
        assert ruling.reason
        assert ruling.source


def test_a_user_comes_before_the_seed_and_the_newest_statement_counts(connection):
    seeded = read_seed()[0]
    state(connection, replace(RULING, status="void", home_goals=None, away_goals=None), actor="a")
    state(connection, RULING, actor="b")
    ours = replace(seeded, status="played", decided_by="user", source=BY_USER)
    state(connection, ours, actor="a")
    found = in_force(connection)
    assert (found[RULING.key], found[seeded.key]) == (RULING, ours)
    match_rulings.withdraw(connection, seeded.key, because="wrong", actor="a")
    assert in_force(connection)[seeded.key] == seeded
    assert match_rulings.stated(connection) == [RULING]


def test_only_the_clubs_of_a_changed_ruling_are_built_again(connection):
    count, changed = resolve(connection)
    assert count == changed == len(read_seed())
    changes(connection)
    assert resolve(connection) == (count, 0)
    before = match_rulings.rulings_cut(connection)
    state(connection, RULING, actor="a")
    assert match_rulings.rulings_cut(connection) != before
    assert resolve(connection) == (count + 1, 1)
    day = RULING.match_date
    assert changes(connection) == [
        ("T1", "2023-24", "galatasaray", day),
        ("T1", "2023-24", "fenerbahce", day),
    ]
    assert RULING in match_rulings.resolved(connection)
    match_rulings.withdraw(connection, RULING.key, because="wrong", actor="a")
    assert resolve(connection) == (count, 1)
    assert len(changes(connection)) == 2


def test_rulings_survive_as_text():
    rulings = [RULING, replace(RULING, status="void", home_goals=None, away_goals=None)]
    assert parse(as_text(rulings)) == rulings
    assert as_text([]) == ""
    assert parse("") == []


@pytest.mark.parametrize("statement", ["update raw.match_rulings set status = 'void'", "delete from raw.match_rulings"])
def test_statements_are_never_rewritten(connection, statement):
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement.encode())
