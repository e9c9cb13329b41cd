"""An incremental build leaves what a build from nothing leaves, to the last bit; and state says what tables say."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from footpred_dagster.core import match_rulings
from footpred_dagster.core.club_aliases import Alias, decide
from footpred_dagster.core.club_names import pending_names
from footpred_dagster.core.contract import FEATURE_NAMES
from footpred_dagster.core.match_rulings import BY_USER, Ruling
from footpred_dagster.core.models.ratings.current import Raters, appearance
from footpred_dagster.core.models.ratings.history import advanced
from footpred_dagster.core.online import (
    OnlineStore,
    PairState,
    TeamState,
    UnknownPairing,
    assemble,
    load_store,
    read_features,
)
from footpred_dagster.core.rating import read_history
from tests.dbt_project.conftest import LATEST, spoil
from tests.support.warehouse import compile_models

pytestmark = pytest.mark.real_data
REPLAYED = (300, pytest.param(2000, marks=pytest.mark.slow))


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
        match_rulings.state(grown.connection, ruling, actor="test")
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
        match_rulings.withdraw(grown.connection, ruling.key, because="a test", actor="test")
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


@pytest.mark.parametrize("replayed", REPLAYED)
def test_state_as_of_kickoff_gives_the_features_of_a_match_exactly(grown, tmp_path, replayed):
    """The service's way from state to features, replayed for past matches of any season."""
    offline = {row["match_id"]: row for row in rows(grown.connection, "select * from features.fct_match_features")}
    known = read_history(grown.connection)
    chosen = np.sort(np.random.default_rng(5).choice(np.flatnonzero(known.spine["is_played"]), replayed, replace=False))
    ratings = replayed_ratings(known, chosen)
    form = replayed_form(grown, tmp_path, known.spine.iloc[chosen])
    for row, (clubs, division) in zip(chosen, ratings, strict=True):
        match = known.spine.iloc[row]
        home, away = (
            TeamState.of(form[match["match_id"], side] | club._asdict())
            for side, club in zip(("home", "away"), clubs, strict=True)
        )
        met = form[match["match_id"], "home"]
        pair = PairState(met["meetings"], met["points_last_5"]) if met["meetings"] else PairState()
        found = assemble(home, away, division, pair, match["match_date"].date())
        expected = offline[match["match_id"]]
        differences = {
            name: (value, expected[name])
            for name, value in zip(FEATURE_NAMES, found.values, strict=True)
            if not (math.isnan(value) if expected[name] is None else value == expected[name])
        }
        assert not differences, match
        assert found.latest_input == expected["latest_input"]


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


def replayed_ratings(known, chosen):
    """Both clubs and the division as of the morning of each chosen match, from the evening before."""
    matches, raters, found = known.matches, Raters.fresh(known.matches), []
    wanted = set(chosen.tolist())
    for day in np.split(np.arange(len(matches)), np.flatnonzero(np.diff(matches.day)) + 1):
        for row in day:
            if row in wanted:
                clubs = np.array([matches.home[row], matches.away[row]])
                where = (
                    int(matches.day[row]),
                    int(matches.season[row]),
                    int(matches.league[row]),
                    int(matches.tier[row]),
                )
                then = advanced(raters, appearance(*where, clubs))
                both, division = then.clubs(clubs), then.strengths.division(matches.league[[row]])
                sides = [type(both)(*(values[..., side] for values in both)) for side in (0, 1)]
                found.append((sides, type(division)(*(values[:, 0] for values in division))))
        played = matches.take(day[np.isfinite(matches.home_goals[day])])
        if len(played):
            raters.advance(played)
            raters.learn(played)
    return found


def replayed_form(grown, target, chosen):
    """The online models' own SQL with the day of each match in place of the end of time."""
    models = {name: select.rstrip().rstrip(";") for _, name, select in compile_models(grown.url, target)}
    grown.connection.execute("""
        drop table if exists asked;
        create temp table asked (match_id text, side text, day date, opponent_id text,
            like ratings.team_state)
    """)
    with (
        grown.connection.cursor() as cursor,
        cursor.copy(
            "copy asked (match_id, side, day, team_id, opponent_id, league, season, elo, home_pi, away_pi, attack,"
            " defence, momentum) from stdin"
        ) as copy,
    ):
        for match in chosen.to_dict("records"):
            for side, other in (("home", "away"), ("away", "home")):
                own = (match["match_id"], side, match["match_date"].date(), match[f"{side}_id"], match[f"{other}_id"])
                copy.write_row((*own, match["league"], match["season"], 0, 0, 0, [], [], []))
    team, pair = (
        models[name].replace("date 'infinity'", "state.day") for name in ("online_team_state", "online_pair_state")
    )
    assert '"ratings"."team_state" as state' in team
    team = team.replace('"ratings"."team_state" as state', "asked as state").replace("state.team_id,", "state.*,", 1)
    found = rows(
        grown.connection,
        f"""
        select found.*, met.meetings, met.points_last_5 from ({team}) as found
        left join asked as state using (match_id, side)
        left join lateral (select * from ({pair}) as pairs
            where pairs.team_id = state.team_id and pairs.opponent_id = state.opponent_id) as met on true
    """,
    )
    return {(row["match_id"], row["side"]): row for row in found}
