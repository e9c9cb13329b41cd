"""What a version was fitted on and how it scored then, and what every batch of sealed predictions was made from."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        alter table models.versions
            add column inputs_sha256 text,
            add column metrics jsonb,
            add column fitted_as_of timestamptz,
            add column code jsonb,
            add column git_commit text,
            add column dagster_run_id text,
            add column correlation_id text;
        comment on column models.versions.inputs_sha256 is
            'The manifest in the archive that lists the raw files this version was fitted on. This and the columns '
            'after it are of the first fit that gave the version; null for fits before they were kept.';
        comment on column models.versions.metrics is
            'Out-of-season scores at registration; models.walk_forward holds those of the newest fit of a recipe.';
        comment on column models.versions.fitted_as_of is
            'The as_of of that fit. as_of is the earliest that gave the same bundle, maybe judged on other seasons.';
        comment on column models.versions.code is 'Versions of what the fit ran: parser, features, model, libraries.';

        create table predictions.batches (
            batch_id bigint generated always as identity primary key,
            first_seq bigint not null,
            last_seq bigint not null,
            as_of timestamptz not null,
            kind text not null check (kind in ('live', 'replay')),
            inputs_sha256 text,
            dagster_run_id text,
            correlation_id text,
            sealed_at timestamptz not null default clock_timestamp(),
            check (first_seq <= last_seq)
        );
        comment on table predictions.batches is
            'Insert-only: which ledger rows were sealed together, and from what. inputs_sha256 names the manifest of '
            'raw files in the archive, null when the features were older than the raw tables.';
        create unique index on predictions.batches (last_seq);
        create trigger insert_only before update or delete or truncate on predictions.batches
            for each statement execute function models.refuse_change();
    """)
