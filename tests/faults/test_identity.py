"""FAULTS 14, 16, 19, 22 and 23: matches and clubs keep their identity, through the real SQL on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from footpred_dagster.core.clubs.aliases import Alias, decide
from footpred_dagster.core.clubs.names import ClubName, new_names, pending_names
from footpred_dagster.core.features.dataset import played_before, predictable_fixtures
from footpred_dagster.core.matches.held_seasons import held_seasons, hold_back
from footpred_dagster.core.predictions.ledger import Prediction, seal
from footpred_dagster.core.predictions.served import serve, withdraw
from tests.support.sealed import live
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
        decide(self.connection, Alias(country, name, team_id), actor="test")

    def pending(self) -> list[ClubName]:
        return pending_names(self.connection)


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
    (waiting,) = warehouse.pending()
    assert (waiting.name, waiting.nearest[0]) == ("Sheffield Wednesday", ("Sheffield Weds", "sheffield-weds"))
    assert (waiting.matches, waiting.fixtures) == (0, 1)
    assert waiting.command == "footpred clubs alias England 'Sheffield Wednesday' --of sheffield-weds"
    assert warehouse.rows("select * from intermediate.int_fixtures") == []

    warehouse.alias("England", "Sheffield Wednesday", "sheffield-weds")
    features = warehouse.build(*history, coming)
    assert warehouse.pending() == []
    ids = warehouse.rows("select team_id from intermediate.int_team_matches group by 1 order by 1")
    assert ids == [("arsenal",), ("everton",), ("sheffield-weds",)]
    (row,) = (row for key, row in features.items() if "sheffield-weds" in key and key.startswith(f"({_day(1)}"))
    assert row["away_matches_played"] == 2


def test_faults_19_a_spelling_of_a_club_in_the_same_league_never_plays_on_its_days(warehouse):
    season = _season("Arsenal", "Bradford", "Everton", "Chelsea", "Fulham")
    warehouse.build(*season, Result(_day(9), "Bradford Park City", "Everton", (0, 0)))
    assert [(each.nearest[0][0], each.why) for each in warehouse.pending()] == [
        ("Bradford City", "probably Bradford City: in the same league, and the two have not played on one day yet")
    ]


def test_faults_19_a_promoted_club_near_nobody_is_only_listed(warehouse):
    warehouse.build(*_season("Arsenal", "Everton", first=-52), *_season("Arsenal", "Everton", "Grantchester Rangers"))
    assert warehouse.pending() == []
    assert [each.team_id for each in new_names(warehouse.connection)] == ["england-grantchester-rangers"]


@pytest.mark.fault(71, "a promoted reserve side plays before its first team")
def test_faults_71_a_reserve_side_that_plays_first_is_a_club_of_its_own(warehouse):
    before = [Result(_day(week), "Getafe", "Villarreal", (1, 0), "SP1") for week in range(-52, -40)]
    warehouse.build(*before, Result(_day(0), "Getafe B", "Eibar", (1, 0), "SP2"))
    assert warehouse.pending() == []
    ids = warehouse.rows("select home_id from intermediate.int_matches where league = 'SP2'")
    assert ids == [("spain-getafe-b",)]


@pytest.mark.fault(71, "one doubtful club name: only its own matches wait")
def test_faults_71_a_doubtful_name_holds_back_its_own_matches_alone(warehouse):
    before = _season("Arsenal", "Sheffield Weds", "Everton", "Chelsea", first=-52)
    now = _season("Arsenal", "Everton", "Chelsea")
    doubtful = [
        Result(_day(3), "Sheffield Wednesday", "Everton", (0, 0)),
        Result(_day(9), "Arsenal", "Sheffield Wednesday", None),
    ]
    others = [*_season("Celtic", "Hearts", league="SC0"), Result(_day(9), "Celtic", "Hearts", None, "SC0")]
    listed = Result(_day(9), "Chelsea", "Everton", None)
    without = warehouse.build(*before, *now, *others, listed)
    with_doubt = warehouse.build(*before, *now, *doubtful, *others, listed)
    assert with_doubt == without
    assert len(warehouse.pending()) == 1

    warehouse.alias("England", "Sheffield Wednesday", "sheffield-weds")
    decided = warehouse.build(*before, *now, *doubtful, *others, listed)
    assert len(decided) == len(without) + 2


def test_faults_71_two_clubs_under_one_id_are_told_apart_by_a_day_on_which_both_play(warehouse):
    warehouse.alias("England", "Grantham", "arsenal")
    warehouse.build(
        Result(_day(0), "Arsenal", "Everton", (1, 0)),
        Result(_day(1), "Arsenal", "Everton", (1, 0)),
        Result(_day(1), "Chelsea", "Grantham", (1, 0)),
        Result(_day(2), "Chelsea", "Everton", (1, 0)),
    )
    assert [(each.name, each.why) for each in warehouse.pending()] == [
        ("Grantham", "means arsenal as Arsenal does, and both play on one day")
    ]
    assert len(warehouse.rows("select * from intermediate.int_matches")) == 3


def test_faults_71_a_name_means_another_club_in_another_decade(warehouse):
    decide(warehouse.connection, Alias("England", "Grantham", "old-grantham", None, "2015-16"), actor="test")
    decide(warehouse.connection, Alias("England", "Grantham", "new-grantham", "2016-17", None), actor="test")
    warehouse.build(
        Result(date(2010, 9, 4), "Grantham", "Everton", (1, 0)), Result(_day(0), "Grantham", "Everton", (1, 0))
    )
    assert warehouse.rows("select home_id from intermediate.int_matches order by match_date") == [
        ("old-grantham",),
        ("new-grantham",),
    ]


def test_faults_71_a_fixture_spelled_as_the_results_are_not_is_pending_from_the_first_week(warehouse):
    """The first four weeks of a league told no spelling from a new club before."""
    season = _season("Arsenal", "Bradford", "Everton")
    warehouse.build(*season, Result(_day(3), "Everton", "Bradford Park City", None))
    assert [each.name for each in warehouse.pending()] == ["Bradford Park City"]


@pytest.mark.fault(48, "a club gets its alias late")
def test_faults_48_a_fixture_whose_club_is_decided_after_it_was_sealed_is_served_once(warehouse):
    """The name was taken for a new club; its fixture was sealed and served before an operator knew better."""
    connection, now = warehouse.connection, datetime.now(UTC)
    history = _season("Arsenal", "Sheffield Weds", "Everton", first=-52)
    coming = Result(now.date() + timedelta(days=7), "Everton", "The Owls", None)

    def seal_and_serve() -> list[tuple]:
        warehouse.build(*history, coming)
        ((match_id, kickoff),) = warehouse.rows("select match_id, kickoff from intermediate.int_fixtures")
        sealed = live(match_id=match_id, kickoff=kickoff)
        withdraw(connection, now)
        seal(connection, [sealed])
        serve(connection, [sealed])
        return warehouse.rows("select match_id, away_id from predictions.served")

    ((first, club),) = seal_and_serve()
    assert club == "england-the-owls"
    assert withdraw(connection, now) == 0
    warehouse.alias("England", "The Owls", "sheffield-weds")
    ((second, club),) = seal_and_serve()
    assert club == "sheffield-weds"
    assert first != second
    assert warehouse.rows("select match_id from predictions.ledger order by seq") == [(first,), (second,)]


def test_fictional_clubs_of_like_names_do_not_wait(warehouse):
    """Of a simulated home no club is on a list, and few parts make all the names."""
    warehouse.connection.execute("""
        insert into raw.fetches (source, path, url, status, seconds, sha256, simulated)
        values ('simulator', 'a.csv', 'u', 200, 0.1, 'x', true)
    """)
    before = _season("Larksgate Rovers", "Everton", first=-52)
    warehouse.build(*before, *_season("Larksgate Rvs", "Everton"))
    assert warehouse.pending() == []


@pytest.mark.fault(71, "one bad league-season: only its own matches wait")
def test_faults_71_a_season_that_a_check_holds_back_is_left_out_until_it_passes(warehouse):
    english, scottish = _season("Arsenal", "Everton"), _season("Celtic", "Hearts", league="SC0")
    coming = Result(_day(9), "Celtic", "Hearts", None, "SC0")
    whole = warehouse.build(*english, *scottish, coming)
    hold_back(warehouse.connection, "rows_reconcile", {"SC0|2023-24": "its rows do not add up"})
    assert warehouse.build(*english, *scottish, coming) == warehouse.build(*english)
    assert [(held.league, held.check) for held in held_seasons(warehouse.connection)] == [("SC0", "rows_reconcile")]
    hold_back(warehouse.connection, "rows_reconcile", {})
    assert warehouse.build(*english, *scottish, coming) == whole
