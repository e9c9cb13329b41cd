"""The fetch log, kept in the archive as well, is read in the order of its instants; loads know if they are replays."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        alter table raw.fetches add column segment text;
        comment on column raw.fetches.segment is
            'The segment of the fetch log in the archive that holds this row; null until it is written there.';
        create index on raw.fetches (fetch_id) where segment is null;
        -- Rows read back from an archive are older than their fetch_id says.
        create index on raw.fetches (path, fetched_at desc, fetch_id desc);
        drop index raw.fetches_path_fetch_id_idx;

        alter table raw.loads add column replayed boolean not null default false;
        comment on column raw.loads.replayed is
            'Somebody put an earlier body in place by hand; the next run takes the partition through its log again.';
    """)
