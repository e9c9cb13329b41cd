"""Why the fit of a version was refused, so that a later one is not compared with it; vetoes of a whole recipe;
decisions about the past; the modules of code versions."""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.execute("""
        alter table models.versions add column refused text;
        comment on column models.versions.refused is
            'Why the newest decision refused the fit itself (temperature, distance from the fit before it), else null.';

        -- A veto without a version is of every fit of that name.
        do $$
        declare
            found text;
        begin
            select conname into strict found from pg_constraint
            where conrelid = 'models.interventions'::regclass and contype = 'c'
                and pg_get_constraintdef(oid) like '%version IS NOT NULL%';
            execute format('alter table models.interventions drop constraint %I', found);
        end $$;
        alter table models.interventions add check (kind in ('pin', 'unpin') or name is not null);

        alter table models.promotions drop constraint promotions_decision_check;
        alter table models.promotions add constraint promotions_decision_check
            check (decision in ('promoted', 'refitted', 'kept', 'none', 'rolled back', 'replay'));
        comment on table models.promotions is
            'Insert-only truth about the champion: the newest row that is no replay is in force.';
        create view models.decisions as select * from models.promotions where decision <> 'replay';
        comment on view models.decisions is
            'Decisions about who predicts; without those of runs about the past, which promote nobody.';
        create table models.replay_candidates (
            as_of timestamptz not null,
            name text not null,
            version integer not null,
            primary key (as_of, name),
            foreign key (name, version) references models.versions
        );
        comment on table models.replay_candidates is
            'The fit of each recipe by a run about the past, which leaves models.candidates as it is.';

        create table monitoring.code_modules (
            code_version text not null,
            module text not null,
            digest text not null,
            primary key (code_version, module)
        );
        comment on table monitoring.code_modules is
            'The modules each code version of an asset was made of: what names the module that changed.';
    """)
