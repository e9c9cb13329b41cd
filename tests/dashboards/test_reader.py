"""Reads: nothing can be written, results are shared for a while, a database that went away is told and tried again."""

from __future__ import annotations

import psycopg
import pytest

from dashboards import reader as module
from dashboards.reader import DatabaseDown, Reader


def terminate(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("""
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
        """)


@pytest.fixture
def make(database_url):
    made = []

    def make(ttl: float = 0.0, url: str = database_url) -> Reader:
        made.append(Reader(lambda: url, ttl))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    "statement",
    ["insert into raw.quarantine values ('a', 'b', 'c', 1, null, 'd', null, true)", "create table public.mine ()",
     "delete from models.looks"],
)  # fmt: skip
def test_nothing_can_be_written(make, statement):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        make().rows(statement)


def test_a_result_is_read_again_only_after_its_time(make, connection):
    lasting, fleeting = make(60.0), make(0.0)
    count = "select count(*) as n from raw.quarantine"
    assert [each.row(count) for each in (lasting, fleeting)] == [{"n": 0}] * 2
    connection.execute("insert into raw.quarantine values ('a', 'b', 'c', 1, null, 'd', null, true)")
    connection.commit()
    assert [each.row(count)["n"] for each in (lasting, fleeting)] == [0, 1]


def test_parameters_tell_results_apart(make):
    reader = make(60.0)
    assert [reader.row("select %(x)s::integer as x", {"x": x})["x"] for x in (1, 2)] == [1, 2]


def test_what_is_kept_is_bounded(make, monkeypatch):
    monkeypatch.setattr(module, "MOST_RESULTS", 5)
    reader = make(60.0)
    for x in range(20):
        reader.row("select %(x)s::integer as x", {"x": x})
    assert len(reader._results) == 5


def test_a_connection_that_broke_while_idle_is_replaced_unseen(make, database_url):
    reader = make()
    reader.rows("select 1 as one")
    terminate(database_url)
    assert reader.row("select 2 as two") == {"two": 2}


def test_a_mistake_in_a_query_is_no_outage_and_keeps_the_connection(make):
    reader = make()
    with pytest.raises(psycopg.errors.UndefinedTable):
        reader.rows("select * from marts.nowhere")
    assert reader.row("select 1 as one") == {"one": 1}
    assert len(reader._idle) == 1


def test_a_database_that_does_not_answer_is_named_so(make):
    with pytest.raises(DatabaseDown):
        make(url="postgresql://nobody@127.0.0.1:9/none").rows("select 1")
