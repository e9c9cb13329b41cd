"""How assets and checks stand, as last told: Dagster's own records are in a database that readers do not see."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("""
        create table monitoring.asset_states (
            asset text primary key,
            state text not null check (state in ('fresh', 'stale', 'missing', 'failing', 'late')),
            reason text,
            materialized_at timestamptz,
            due_at timestamptz,
            told_at timestamptz not null default now()
        );
        comment on table monitoring.asset_states is
            'Every asset as footpred status says, written after each run and every minute while the daemon lives.';
        comment on column monitoring.asset_states.due_at is 'When it is late; null for what only people materialize.';

        create table monitoring.check_states (
            asset text not null,
            name text not null,
            severity text not null check (severity in ('WARN', 'ERROR')),
            passed boolean not null,
            evaluated_at timestamptz not null,
            primary key (asset, name)
        );
        comment on table monitoring.check_states is 'The newest evaluation of every asset check that was ever run.';

        do $$
        begin
            if exists (select from pg_roles where rolname = 'footpred_reader') then
                grant usage on schema serving to footpred_reader;
                grant select on serving.live_scores, serving.live_polls to footpred_reader;
            end if;
        end $$;
    """)
