"""Attempts at a task that failed, apart from attempts: a worker that ends in order, or that begins anew, costs none."""

from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.execute("""
        alter table serving.tasks add column failures integer not null default 0 check (failures >= 0);
        comment on column serving.tasks.failures is
            'Attempts that ended with a problem that may pass, or with their worker; so many are tried.';
    """)
