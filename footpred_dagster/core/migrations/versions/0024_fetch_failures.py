"""Files of a source that gave no body."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("""
        create table raw.fetch_failures (
            path text primary key,
            reason text not null,
            detail text not null,
            failed_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.fetch_failures is
            'Files whose newest request gave no body (too large, a broken link). Gone once the source answers for it.';
    """)
