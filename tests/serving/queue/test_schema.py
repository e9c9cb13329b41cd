"""The queue's own tables, as the library that is installed wants them."""

from __future__ import annotations

from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager

WRITTEN_FOR = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""The library's newest change to its tables when 0020 was written: a newer one needs a migration of ours."""


def test_the_library_wants_no_newer_tables_than_the_migrations_make():
    changes = sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert changes[-1] == WRITTEN_FOR


def test_a_job_is_made_from_a_connection_that_knows_nothing_of_the_queue(database_url):
    with psycopg.connect(database_url) as connection:
        assert connection.execute("show search_path").fetchone() == ('"$user", public',)
        (job,) = connection.execute("""
            select queue.procrastinate_defer_jobs_v1(
                array[row('predictions', 'predict', 0, null, null, '{}', null)]::queue.procrastinate_job_to_defer_v1[])
        """).fetchone()
        told = connection.execute("select job_id, type::text from queue.procrastinate_events").fetchall()
        assert told == [(job[0], "deferred")]
        outside = connection.execute("""
            select relname from pg_class where relname like 'procrastinate%%' and relnamespace <> 'queue'::regnamespace
        """).fetchall()
        assert outside == []
