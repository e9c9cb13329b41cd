"""Who may call the service, how fast, and when they last did; and scores as sources of live scores had them."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("""
        create schema serving;

        create table serving.keys (
            id text primary key check (id ~ '^[a-z0-9]{12}$'),
            owner text not null,
            name text not null,
            secret_sha256 bytea not null unique check (octet_length(secret_sha256) = 32),
            scopes text[] not null check (
                cardinality(scopes) > 0 and scopes <@ array['read', 'predict', 'batch', 'admin']),
            rate double precision not null check (rate > 0),
            burst integer not null check (burst > 0),
            created_at timestamptz not null default clock_timestamp(),
            expires_at timestamptz,
            revoked_at timestamptz,
            replaced_by text references serving.keys
        );
        comment on table serving.keys is
            'Keys of the service. The secret is shown once and kept nowhere; secret_sha256 is what is compared.';
        comment on column serving.keys.owner is
            'The first key of a line of rotated ones: it owns their jobs and shares one rate limit.';

        -- Unlogged: a crash fills every bucket, and nobody waits for the disk in between.
        create unlogged table serving.leases (
            owner text primary key,
            tokens double precision not null,
            refilled_at timestamptz not null
        );
        comment on table serving.leases is 'What is left of each owner''s rate limit; workers take tokens in blocks.';
        create function serving.lease(
            who text, rate double precision, burst integer, block integer,
            out granted integer, out remaining double precision
        ) language plpgsql as $$
        begin
            insert into serving.leases values (who, burst, clock_timestamp()) on conflict do nothing;
            update serving.leases
            set tokens = least(burst, tokens
                    + greatest(extract(epoch from clock_timestamp() - refilled_at)::double precision, 0) * rate),
                refilled_at = clock_timestamp()
            where owner = who returning tokens into remaining;
            granted := least(block, floor(remaining));
            remaining := remaining - granted;
            update serving.leases set tokens = remaining where owner = who;
        end $$;

        create table serving.uses (
            key_id text primary key references serving.keys,
            first_used_at timestamptz not null,
            last_used_at timestamptz not null,
            requests bigint not null,
            refused bigint not null
        );
        comment on table serving.uses is
            'When each key was first and last used, and how often; workers add up what they saw every few seconds.';

        create function serving.tell() returns trigger language plpgsql as $$
        begin
            perform pg_notify(tg_argv[0], '');
            return null;
        end $$;
        create trigger tell after insert or update or delete on serving.keys
            for each statement execute function serving.tell('footpred_keys');

        create table serving.live_scores (
            source text not null,
            source_id text not null,
            league text not null,
            kickoff timestamptz not null,
            home text not null,
            away text not null,
            status text not null,
            home_goals smallint,
            away_goals smallint,
            ht_home_goals smallint,
            ht_away_goals smallint,
            updated timestamptz,
            primary key (source, source_id)
        );
        comment on table serving.live_scores is
            'Scores as their source had them when it was last asked; shown only, edited for days, never trained on.';

        create table serving.live_polls (
            source text not null,
            league text not null,
            polled_at timestamptz not null,
            problem text,
            primary key (source, league)
        );
        comment on table serving.live_polls is
            'When each source of live scores was last asked, and what was wrong if it did not answer.';
    """)
