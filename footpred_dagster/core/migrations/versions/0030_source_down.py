"""A file that failed together with the whole source is not refused."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("""
        create or replace view raw.refused_files as
        select partition_key, reason, detail, refused_at from raw.refusals
        union all
        select path, reason, detail, failed_at from raw.fetch_failures where reason <> 'source_down';
        comment on table raw.fetch_failures is
            'Files whose newest request gave no body (too large, a broken link, no answer). Gone once the source '
            'answers for it. Reason source_down: the source answered for no file at that time.';
    """)
