"""FAULTS 14, 16, 19, 22 and 23: matches and clubs keep their identity, through the real SQL on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from footpred_dagster.core import clubs
from footpred_dagster.core.dataset import played_before, predictable_fixtures
from footpred_dagster.core.ledger import Prediction, seal
from tests.support.warehouse import Result, build, load_seeds

AUGUST = date(2023, 8, 12)


class Warehouse:
    """The dbt models over a history, built as often as a test likes."""

    def __init__(self, connection: psycopg.Connection, models: list[tuple[str, str, str]]) -> None:
        self.connection, self.models = connection, models

    def build(self, *results: Result) -> dict:
        return build(self.connection, self.models, list(results))

    def rows(self, query: str, *values: object) -> list[tuple]:
        return self.connection.execute(query, values).fetchall()

    def alias(self, country: str, name: str, team_id: str) -> None:
        self.connection.execute("insert into staging.team_aliases values (%s, %s, %s)", [country, name, team_id])

    def splits(self) -> list[clubs.Split]:
        return clubs.probable_splits(clubs.appearances(self.connection), clubs.known_names(self.connection))


@pytest.fixture(scope="module")
def built(module_database_url, compiled_models):
    with psycopg.connect(module_database_url) as connection:
        load_seeds(connection)
        connection.commit()
        yield Warehouse(connection, compiled_models)


@pytest.fixture
def warehouse(built):
    yield built
    built.connection.rollback()


def _day(number: int) -> date:
    return AUGUST + timedelta(weeks=number)


def _season(*names: str, first: int = 0, league: str = "E0") -> list[Result]:
    """Every name at home to the next, a week each, from week ``first`` of 2023/24 (negative: a season earlier)."""
    ring = [*names, names[0]]
    return [Result(_day(first + week), *ring[week : week + 2], (1, 0), league) for week in range(len(names))]


def test_faults_14_the_same_pair_twice_in_a_season_is_two_matches(warehouse):
    warehouse.build(
        Result(_day(0), "Celtic", "Hearts", (1, 0), "SC0"), Result(_day(30), "Celtic", "Hearts", (2, 2), "SC0")
    )
    rows = warehouse.rows("select meeting, outcome, match_id from intermediate.int_matches order by match_date")
    assert [row[:2] for row in rows] == [(1, 0), (2, 1)]
    assert rows[0][2] != rows[1][2]


def test_faults_16_an_abandoned_match_is_void_never_trained_on_and_its_replay_is_the_meeting(warehouse):
    features = warehouse.build(
        Result(_day(0), "Arsenal", "Chelsea", None, void=True), Result(_day(5), "Arsenal", "Chelsea", (0, 3))
    )
    rows = warehouse.rows("select status, meeting, match_id from intermediate.int_matches order by match_date")
    assert [row[:2] for row in rows] == [("void", None), ("played", 1)]
    assert len({match_id for *_, match_id in rows}) == 2
    assert len(features) == 1
    learned = played_before(warehouse.connection, datetime(2030, 1, 1, tzinfo=UTC))
    assert list(learned["match_id"]) == [rows[1][2]]


def test_faults_16_a_void_match_takes_nothing_from_the_fixture_that_replays_it(warehouse):
    def fixture_id(*before: Result) -> str:
        warehouse.build(*before, Result(_day(9), "Arsenal", "Chelsea", None))
        return warehouse.rows("select match_id from intermediate.int_fixtures")[0][0]

    assert fixture_id(Result(_day(0), "Arsenal", "Chelsea", None, void=True)) == fixture_id()


def test_faults_22_a_fixture_that_moves_keeps_its_id_and_is_recomputed(warehouse):
    past = Result(_day(0), "Arsenal", "Chelsea", (1, 0))
    between = Result(_day(2), "Everton", "Chelsea", (1, 0))

    def fixture(day: date) -> tuple[str, dict]:
        features = warehouse.build(past, between, Result(day, "Chelsea", "Arsenal", None, clock=time(20)))
        ((match_id, kickoff),) = warehouse.rows("select match_id, kickoff from intermediate.int_fixtures")
        assert kickoff.date() == day
        return match_id, next(row for row in features.values() if row["match_id"] == match_id)

    listed, moved = fixture(_day(1)), fixture(_day(3))
    assert listed[0] == moved[0]
    # Chelsea's match in between is now among what is known on the morning.
    assert (listed[1]["home_matches_played"], moved[1]["home_matches_played"]) == (1, 2)
    warehouse.build(past, between, Result(_day(4), "Chelsea", "Arsenal", (2, 2)))
    played = warehouse.rows("select match_id from intermediate.int_matches where match_date = %s", _day(4))
    assert played == [(moved[0],)]


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        (date(2024, 3, 30), time(15), "2024-03-30 15:00"),  # the day before the clocks go forward
        (date(2024, 3, 31), time(0, 30), "2024-03-31 00:30"),
        (date(2024, 3, 31), time(14), "2024-03-31 13:00"),
        (date(2024, 10, 26), time(15), "2024-10-26 14:00"),
        (date(2024, 10, 27), time(14), "2024-10-27 14:00"),  # the day they go back
        (date(2024, 10, 27), None, "2024-10-27 15:00"),
    ],
)
def test_faults_23_kickoff_is_utc_on_the_days_the_clocks_change(warehouse, day, clock, utc):
    warehouse.build(Result(day, "Arsenal", "Chelsea", None, clock=clock))
    kickoff = warehouse.rows(
        "select to_char(kickoff, 'YYYY-MM-DD HH24:MI'), kickoff_known from intermediate.int_fixtures"
    )
    assert kickoff == [(utc, clock is not None)]


def test_faults_23_a_fixture_that_kicked_off_is_not_predicted_and_its_seal_is_refused(warehouse):
    """On the day the clocks go forward 14:00 in London is 13:00 UTC; half an hour later it is too late."""
    warehouse.build(
        *_season("Arsenal", "Chelsea"), Result(date(2024, 3, 31), "Arsenal", "Chelsea", None, clock=time(14))
    )
    before, after = (datetime(2024, 3, 31, 13, tzinfo=UTC) + timedelta(minutes=m) for m in (-1, 30))
    (fixture,) = predictable_fixtures(warehouse.connection, before).to_dict("records")
    assert predictable_fixtures(warehouse.connection, after).empty
    late = Prediction(
        match_id=fixture["match_id"],
        kickoff=fixture["kickoff"].to_pydatetime(),
        as_of=after,
        latest_input=fixture["latest_input"].to_pydatetime(),
        kind="replay",
        role="champion",
        model_name="elo_logit",
        model_version=1,
        fingerprint="f",
        feature_hash="h",
        p_home=0.5,
        p_draw=0.25,
        p_away=0.25,
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(warehouse.connection, [late])


def test_faults_19_an_alias_gives_an_unseen_name_back_to_its_club_without_a_second_one(warehouse):
    history = _season("Arsenal", "Sheffield Weds", "Everton", first=-52)
    coming = Result(_day(1), "Everton", "Sheffield Wednesday", None)
    warehouse.build(*history, coming)
    (split,) = warehouse.splits()
    assert (split.name, split.known, split.team_id) == ("Sheffield Wednesday", "Sheffield Weds", "sheffield-weds")
    assert "sheffield-weds" not in warehouse.rows("select away_id from intermediate.int_fixtures")[0]

    warehouse.alias("England", "Sheffield Wednesday", "sheffield-weds")
    features = warehouse.build(*history, coming)
    assert warehouse.splits() == []
    ids = warehouse.rows("select team_id from intermediate.int_team_matches group by 1 order by 1")
    assert ids == [("arsenal",), ("everton",), ("sheffield-weds",)]
    (row,) = (row for key, row in features.items() if "sheffield-weds" in key and key.startswith(f"({_day(1)}"))
    assert row["away_matches_played"] == 2


def test_faults_19_a_spelling_of_a_club_in_the_same_league_is_told_by_joining_late(warehouse):
    season = _season("Arsenal", "Bradford", "Everton", "Chelsea", "Fulham")
    warehouse.build(*season, Result(_day(9), "Bradford Park City", "Everton", None))
    assert [(split.known, split.why[:18]) for split in warehouse.splits()] == [("Bradford City", "in the same league")]


def test_faults_19_a_promoted_club_near_nobody_is_only_listed(warehouse):
    warehouse.build(*_season("Arsenal", "Everton", first=-52), *_season("Arsenal", "Everton", "Grantchester Rangers"))
    assert warehouse.splits() == []


def test_faults_19_an_alias_that_merges_two_clubs_is_found(warehouse):
    warehouse.alias("England", "Grantham", "arsenal")
    warehouse.build(
        Result(_day(0), "Arsenal", "Grantham", (1, 0)),
        Result(_day(1), "Arsenal", "Everton", (1, 0)),
        Result(_day(1), "Chelsea", "Grantham", (1, 0)),
        Result(_day(2), "Chelsea", "Everton", (1, 0)),
    )
    found = [(merge.day, merge.names, merge.why) for merge in clubs.wrong_merges(warehouse.connection)]
    assert found == [
        (_day(0), "Arsenal, Grantham", "plays itself"),
        (_day(1), "Arsenal, Grantham", "plays twice on one day"),
    ]
