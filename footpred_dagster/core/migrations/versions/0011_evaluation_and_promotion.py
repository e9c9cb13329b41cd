"""Slices, paired comparisons and looks of the evaluator; recipes, hand-made decisions and shadows of the policy."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        alter table models.versions add column recipe text not null default '';
        comment on column models.versions.recipe is 'Fingerprint of code and hyperparameters that made the fit.';

        -- Predictions of a recipe stay after another took its name: a champion is compared by what it predicted.
        alter table models.walk_forward add column recipe text not null default '';
        alter table models.walk_forward drop constraint walk_forward_pkey;
        alter table models.walk_forward add primary key (model, recipe, match_id);

        create table models.slices (
            model text not null,
            "window" text not null,
            slice text not null,
            value text not null,
            n integer not null,
            log_loss double precision not null,
            rps double precision not null,
            brier double precision not null,
            ece double precision not null,
            accuracy double precision not null,
            se double precision not null,
            primary key (model, "window", slice, value)
        );
        comment on table models.slices is
            'Scores by season and by kind of match: Elo gap, phase of the season, promoted or relegated clubs.';

        create table models.comparisons (
            model text not null,
            against text not null,
            "window" text not null,
            league text not null,
            n integer not null,
            difference double precision not null,
            se double precision not null,
            low double precision not null,
            high double precision not null,
            primary key (model, against, "window", league)
        );
        comment on table models.comparisons is
            'Log-loss of against less that of model on the same matches, with a 95 % interval by match weeks.';

        create table models.looks (
            look_id integer generated always as identity primary key,
            looked_at timestamptz not null default clock_timestamp(),
            as_of timestamptz not null,
            seasons text not null,
            models text not null,
            by text not null
        );
        comment on table models.looks is 'Insert-only: every time somebody scored models on the final window.';
        create trigger insert_only before update or delete or truncate on models.looks
            for each statement execute function models.refuse_change();

        alter table models.promotions add column actor text not null default 'policy';
        alter table models.promotions add column because text not null default '';
        alter table models.promotions drop constraint promotions_decision_check;
        alter table models.promotions add constraint promotions_decision_check
            check (decision in ('promoted', 'refitted', 'kept', 'none', 'rolled back'));

        create table models.interventions (
            intervention_id integer generated always as identity primary key,
            decided_at timestamptz not null default clock_timestamp(),
            kind text not null check (kind in ('pin', 'unpin', 'veto', 'unveto')),
            name text,
            version integer,
            actor text not null,
            because text not null,
            check (kind in ('pin', 'unpin') or (name is not null and version is not null)),
            foreign key (name, version) references models.versions
        );
        comment on table models.interventions is
            'Insert-only: what people told the policy. The newest pin or unpin is in force, as is each newest veto.';
        create trigger insert_only before update or delete or truncate on models.interventions
            for each statement execute function models.refuse_change();

        -- A challenger that becomes champion is sealed once more, as what it then is.
        do $$
        declare
            found text;
        begin
            select conname into strict found from pg_constraint
            where conrelid = 'predictions.ledger'::regclass and contype = 'u';
            execute format('alter table predictions.ledger drop constraint %I', found);
        end $$;
        alter table predictions.ledger add constraint ledger_sealed_once
            unique (match_id, model_name, model_version, kind, role, feature_hash);
    """)
