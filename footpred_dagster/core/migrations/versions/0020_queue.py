"""The queue: procrastinate's tables and functions in a schema of their own, and the tasks callers ask for by it."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("create schema queue")
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    (before,) = connection.execute("show search_path").fetchone()
    connection.execute("set local search_path to queue")
    connection.execute(SchemaManager.get_schema())
    connection.execute("select set_config('search_path', %s, true)", [before])
    op.execute("""
        -- So that they can be called from any connection, and their triggers fire for any.
        do $$
        declare
            name regprocedure;
        begin
            for name in select oid from pg_proc where pronamespace = 'queue'::regnamespace loop
                execute format('alter function %s set search_path = queue, pg_temp', name);
            end loop;
        end $$;

        create table serving.tasks (
            task_id uuid primary key default gen_random_uuid(),
            owner text not null,
            idempotency_key text check (length(idempotency_key) between 1 and 255),
            body_sha256 bytea not null check (octet_length(body_sha256) = 32),
            items integer not null check (items > 0),
            request bytea not null,
            status text not null default 'queued'
                check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
            attempts integer not null default 0,
            job_id bigint,
            result bytea,
            problem jsonb,
            created_at timestamptz not null default clock_timestamp(),
            started_at timestamptz,
            finished_at timestamptz,
            expires_at timestamptz,
            unique (owner, idempotency_key),
            constraint tasks_result check ((status = 'done') = (result is not null)),
            constraint tasks_problem check (status <> 'failed' or problem is not null),
            constraint tasks_ended check (
                (status in ('done', 'failed', 'cancelled')) = (finished_at is not null)
                and (finished_at is null) = (expires_at is null))
        );
        comment on table serving.tasks is
            'Predictions to be made by a worker. A row and its job in queue.procrastinate_jobs are made together.';
        comment on column serving.tasks.owner is 'serving.keys.owner of who asked: nobody else sees the task.';
        comment on column serving.tasks.request is
            'Items as JSON, gzipped. Not jsonb: that refuses NUL and huge numbers, which fail as items of their own.';
        comment on column serving.tasks.result is 'What a batch would have answered, as JSON, gzipped.';
        comment on column serving.tasks.attempts is
            'How often it was begun. A result is taken only from the attempt that is the newest.';
        comment on column serving.tasks.problem is
            'Why it failed; of one that is queued again, why its last attempt did.';
        alter table serving.tasks alter column request set storage external, alter column result set storage external;
        create index tasks_open on serving.tasks (owner) where status in ('queued', 'running');
        create index tasks_failed on serving.tasks (finished_at) where status = 'failed';
        create index tasks_expiry on serving.tasks (expires_at);
    """)
