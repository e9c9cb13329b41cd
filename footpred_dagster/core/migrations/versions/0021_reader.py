"""A role that may read the layers and nothing else; the dashboard takes it on.

It cannot log in: who connects as the owner sets it. An owner who may not create roles goes on without, and reads in
read-only transactions.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

LAYERS = ("raw", "staging", "intermediate", "ratings", "features", "marts", "models", "predictions", "monitoring")


def upgrade() -> None:
    op.execute(f"""
        do $$
        declare
            layer text;
        begin
            if not exists (select from pg_roles where rolname = 'footpred_reader') then
                -- Another database of the same server may be migrating: roles belong to all of them.
                begin
                    create role footpred_reader nologin;
                exception when duplicate_object or unique_violation then null;
                end;
            end if;
            foreach layer in array array{list(LAYERS)} loop
                execute format('grant usage on schema %I to footpred_reader', layer);
                execute format('grant select on all tables in schema %I to footpred_reader', layer);
                execute format(
                    'alter default privileges in schema %I grant select on tables to footpred_reader', layer);
            end loop;
            execute format('grant footpred_reader to %I', current_user);
        exception when insufficient_privilege then
            raise notice 'no role footpred_reader: % may not create roles', current_user;
        end $$
    """)
