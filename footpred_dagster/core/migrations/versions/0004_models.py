"""Models: fitted versions, their out-of-season predictions, how they scored, and who is champion."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        create table models.versions (
            name text not null,
            version integer not null,
            fingerprint text not null,
            artifact_sha256 text not null,
            as_of timestamptz not null,
            training_rows integer not null,
            profile text not null check (profile in ('production', 'smoke')),
            created_at timestamptz not null default clock_timestamp(),
            primary key (name, version),
            unique (name, fingerprint, artifact_sha256)
        );
        comment on table models.versions is 'Fitted models; the artifact lies in the archive under its sha256.';

        create table models.candidates (
            name text primary key,
            version integer not null,
            trained_at timestamptz not null default clock_timestamp(),
            foreign key (name, version) references models.versions
        );
        comment on table models.candidates is
            'The version each recipe stands for now: the fit that belongs to its rows in models.walk_forward.';

        create table models.walk_forward (
            model text not null,
            match_id text not null,
            league text not null,
            season text not null,
            kickoff timestamptz not null,
            p_home double precision not null,
            p_draw double precision not null,
            p_away double precision not null,
            primary key (model, match_id)
        );
        comment on table models.walk_forward is
            'Out-of-season predictions of each candidate: every season by a fit strictly before it. Regenerable.';

        create table models.evaluation (
            model text not null,
            "window" text not null,
            league text not null,
            seasons text not null,
            n integer not null,
            log_loss double precision not null,
            rps double precision not null,
            brier double precision not null,
            ece double precision not null,
            accuracy double precision not null,
            se double precision not null,
            primary key (model, "window", league)
        );
        comment on table models.evaluation is 'Scores of candidates and benchmarks by window and league group.';

        create table models.promotions (
            promotion_id integer generated always as identity primary key,
            decided_at timestamptz not null default clock_timestamp(),
            as_of timestamptz not null,
            name text,
            version integer,
            decision text not null check (decision in ('promoted', 'kept', 'none')),
            reasons jsonb not null,
            foreign key (name, version) references models.versions
        );
        comment on table models.promotions is 'Insert-only truth about the champion; the newest row is in force.';

        create function models.refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception '%.% is insert-only: % refused', tg_table_schema, tg_table_name, tg_op
                using errcode = 'restrict_violation';
        end $$;
        create trigger insert_only before update or delete or truncate on models.promotions
            for each statement execute function models.refuse_change();
    """)
