"""An incremental build leaves what a build from nothing leaves, to the last bit; and state says what tables say."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from footpred_dagster.core.clubs.aliases import Alias, decide
from footpred_dagster.core.clubs.names import pending_names
from footpred_dagster.core.features.contract import FEATURE_NAMES
from footpred_dagster.core.features.online_store import OnlineStore, UnknownPairing, load_store, read_features
from footpred_dagster.core.features.past_state import features_before
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.matches.rulings import BY_USER, Ruling
from tests.dbt_project.conftest import LATEST, spoil

pytestmark = pytest.mark.real_data
REPLAYED = (3, pytest.param(40, marks=pytest.mark.slow))


def test_days_added_and_corrections_of_the_past_end_where_a_build_from_nothing_ends(grown):
    start, after_days, incremental = grown.stages
    assert start["features.fct_match_features"][0] > 16_000
    grown.build(anew=True)
    assert grown.contents() == incremental
    # And each step did change what it should.
    for table in ("intermediate.int_team_form", "intermediate.int_plain_points_tables", "features.fct_match_features"):
        assert len({start[table], after_days[table], incremental[table]}) == 3, table


@pytest.mark.fault(48, "a club gets its alias late")
def test_a_decision_about_a_name_ends_where_a_build_from_nothing_ends(grown):
    """A spelling waits, is given to a new club, then to its own; no row of a former id is left, no match is lost."""
    whole = grown.contents()

    def respelled(row):
        return {key: "Wolverhampton" if value == "Wolves" and key != "Div" else value for key, value in row.items()}

    grown.show(LATEST, respelled)
    grown.build()
    (waiting,) = pending_names(grown.connection)
    assert (waiting.name, waiting.nearest[0][1]) == ("Wolverhampton", "wolves")
    wolves = "select count(*) from intermediate.int_matches where season = '2024-25' and 'wolves' in (home_id, away_id)"
    assert grown.connection.execute(wolves).fetchone() == (0,)
    for team_id in ("england-wolverhampton", "wolves"):
        decide(grown.connection, Alias("England", "Wolverhampton", team_id), actor="test")
        grown.build()
        assert pending_names(grown.connection) == []
        assert (grown.connection.execute(wolves).fetchone()[0] > 0) is (team_id == "wolves")
    incremental = grown.contents()
    grown.build(anew=True)
    assert grown.contents() == incremental
    decide(grown.connection, Alias("England", "Wolverhampton", None), actor="test")
    grown.show(LATEST, spoil)
    grown.build()
    assert grown.contents() == whole


@pytest.mark.fault(53, "a walkover that a user states, and takes back")
def test_rulings_about_matches_end_where_a_build_from_nothing_ends(grown):
    """One awarded against its score, one annulled, one that no file has; withdrawn, everything is as before."""
    whole = grown.contents()
    pair = "select match_date from intermediate.int_matches where season = '2024-25' and (home_id, away_id) = (%s, %s)"
    stated = []
    for home, away, status, goals in (
        ("arsenal", "wolves", "awarded", (0, 3)),
        ("everton", "brighton", "void", (None, None)),
        ("wolves", "arsenal", "awarded", (3, 0)),
    ):
        found = grown.connection.execute(pair, [home, away]).fetchone()
        day = found[0] if found and home != "wolves" else date(2025, 3, 2)
        ruling = Ruling("E0", "2024-25", day, home, away, status, *goals, "user", "a test", BY_USER)
        rulings.state(grown.connection, ruling, actor="test")
        stated.append(ruling)
    grown.build()
    told = grown.connection.execute("""
        select home_id, status, home_goals from intermediate.int_matches where status_decided_by = 'user' order by 1
    """).fetchall()
    assert told == [("arsenal", "awarded", 0), ("everton", "void", None), ("wolves", "awarded", 3)]
    incremental = grown.contents()
    assert incremental["features.fct_match_features"] != whole["features.fct_match_features"]
    grown.build(anew=True)
    assert grown.contents() == incremental
    for ruling in stated:
        rulings.withdraw(grown.connection, ruling.key, because="a test", actor="test")
    grown.build()
    assert grown.contents() == whole


def test_nothing_new_is_built_without_a_change(grown):
    before = grown.connection.execute("select max(xmin::text::bigint) from intermediate.int_team_form").fetchone()
    grown.build()
    after = grown.connection.execute("select max(xmin::text::bigint) from intermediate.int_team_form").fetchone()
    assert after == before


def test_a_build_that_failed_is_made_up_for_by_the_next(grown):
    """Its mark stays behind, so the same changes are taken in again, by it and by all behind it."""
    before = grown.contents()
    grown.connection.execute("""
        delete from intermediate.int_team_form
        where (team_id, latest_match_date) in (select home_id, match_date from intermediate.int_matches
                                               where match_date >= '2025-03-08');
        update intermediate.build_marks set change_id = (select change_id from raw.changes
            where changed_at = (select min(changed_at) from raw.changes where from_date >= '2025-03-01') limit 1) - 1
        where model in ('int_team_form', 'fct_match_features');
    """)
    assert grown.contents() != before
    grown.build()
    assert grown.contents() == before


@pytest.mark.parametrize("days", REPLAYED)
def test_state_before_a_day_gives_the_features_of_its_matches_exactly(grown, days):
    """The way of runs about the past from state to features, replayed for days of any season."""
    offline = {row["match_id"]: row for row in rows(grown.connection, "select * from features.fct_match_features")}
    played = pd.DataFrame(rows(grown.connection, "select * from intermediate.int_match_spine where is_played"))
    for day in np.random.default_rng(5).choice(np.sort(played["match_date"].unique()), days, replace=False):
        matches = played[played["match_date"] == day]
        found = features_before(grown.connection, matches, day)
        for match_id, row in zip(matches["match_id"], found.to_dict("records"), strict=True):
            expected = offline[match_id]
            differences = {
                name: (row[name], expected[name])
                for name in FEATURE_NAMES
                if not (math.isnan(row[name]) if expected[name] is None else row[name] == expected[name])
            }
            assert not differences, (day, match_id)
            assert (None if pd.isna(row["latest_input"]) else row["latest_input"]) == expected["latest_input"]


def test_a_fixture_is_the_same_from_memory_from_the_database_and_in_the_table(grown):
    store: OnlineStore = load_store(grown.connection)
    fixtures = rows(
        grown.connection,
        "select features.*, home_id, away_id, match_date from features.fct_match_features as features"
        " inner join intermediate.int_fixtures using (match_id) where not features.is_played"
        " and match_date > (select max(match_date) from intermediate.int_matches)",
    )
    assert len(fixtures) > 20
    for fixture in fixtures:
        asked = (fixture["league"], fixture["home_id"], fixture["away_id"], fixture["match_date"])
        for found in (store.features(*asked), read_features(grown.connection, *asked)):
            values = [None if math.isnan(value) else value for value in found.values]
            assert values == [fixture[name] for name in FEATURE_NAMES]
            assert found.latest_input == fixture["latest_input"]


def test_a_club_that_does_not_play_there_is_named(grown):
    store = load_store(grown.connection)
    with pytest.raises(UnknownPairing, match="nobody"):
        store.features("E0", "nobody", "arsenal", date(2025, 3, 20))
    with pytest.raises(UnknownPairing, match="nobody in E0"):
        read_features(grown.connection, "E0", "nobody", "arsenal", date(2025, 3, 20))


def rows(connection: psycopg.Connection, query: str) -> list[dict]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query).fetchall()
