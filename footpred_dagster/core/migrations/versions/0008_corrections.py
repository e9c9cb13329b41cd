"""Raw layer: what a later file changed in matches already loaded, and the shrunken files an engineer let through."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        create table raw.match_history (
            history_id bigint generated always as identity primary key,
            partition_key text not null,
            match_date date not null,
            home text not null,
            away text not null,
            kind text not null check (kind in ('changed', 'removed')),
            old_values jsonb not null,
            new_values jsonb,
            old_sha256 text not null,
            new_sha256 text not null,
            changed_at timestamptz not null default clock_timestamp(),
            -- A file put in place again after a replay changes nothing a second time.
            unique (partition_key, match_date, home, away, old_sha256, new_sha256),
            check ((kind = 'removed') = (new_values is null))
        );
        comment on table raw.match_history is
            'Insert-only: a match whose date, kickoff, score or statistics a later file changed (only the columns that '
            'did, before and after), or that it no longer holds. Date and names are those of the earlier file.';
        create trigger insert_only before update or delete or truncate on raw.match_history
            for each statement execute function models.refuse_change();

        create table raw.accepted (
            sha256 text primary key,
            partition_key text not null,
            because text not null,
            accepted_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.accepted is 'Bodies that may hold fewer rows than the one before: footpred accept.';
    """)
