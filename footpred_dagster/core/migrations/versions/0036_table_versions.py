"""Versions of the tables that the service holds in memory; a history of what was served of long played matches."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.execute("""
        create table serving.table_versions (
            name text primary key,
            version bigint not null,
            changed_at timestamptz not null
        );
        comment on table serving.table_versions is
            'How often each table that the service holds in memory was changed: it reads one again when this changed.';

        create function serving.count_change() returns trigger language plpgsql as $$
        begin
            insert into serving.table_versions as former values (tg_argv[0], 1, clock_timestamp())
            on conflict (name) do update set version = former.version + 1, changed_at = excluded.changed_at;
            return null;
        end $$;

        create function serving.track_table(tracked text) returns void language plpgsql as $$
        declare
            relation regclass := to_regclass(tracked);
        begin
            if relation is null or exists (
                select from pg_trigger where tgrelid = relation and tgname = 'count_change'
            ) then
                return;
            end if;
            execute format('create trigger count_change after insert or update or delete or truncate on %s '
                'for each statement execute function serving.count_change(%L)', relation, tracked);
            insert into serving.table_versions as former values (tracked, 1, clock_timestamp())
            on conflict (name) do update set version = former.version + 1, changed_at = excluded.changed_at;
        end $$;
        comment on function serving.track_table(text) is
            'Counts changes of a table from now on. dbt replaces its tables, and the trigger goes with the former one: '
            'every dbt run ends with this.';

        select serving.track_table(name) from unnest(array[
            'predictions.served', 'ratings.division_state', 'staging.team_aliases', 'marts.dim_teams',
            'intermediate.int_head_to_head', 'features.online_team_state'
        ]) as name;

        create table predictions.served_history (like predictions.served including all);
        comment on table predictions.served_history is
            'Rows of served whose match was played long ago: no longer in the memory of the service.';
        create view predictions.served_ever as
            select * from predictions.served union all select * from predictions.served_history;
        comment on view predictions.served_ever is 'One row per match: as in served, however long ago it was played.';
    """)
