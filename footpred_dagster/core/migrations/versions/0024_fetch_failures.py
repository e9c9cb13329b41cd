"""Files of a source that gave no body, and all refused files in one view."""

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

        create view raw.refused_files as
        select partition_key, reason, detail, refused_at from raw.refusals
        union all
        select path, reason, detail, failed_at from raw.fetch_failures;
        comment on view raw.refused_files is
            'Files of which nothing was loaded: by partition where there was a body, else by path.';
    """)
