"""Ledger rows carry their scoreline grid and their reasons; what is served of each match lies ready to be read."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("""
        alter table predictions.ledger
            add column rate_home double precision,
            add column rate_away double precision,
            add column rate_correction double precision,
            add column reasons json,
            add constraint ledger_whole_grid check (num_nulls(rate_home, rate_away, rate_correction) in (0, 3)),
            add constraint ledger_rates check (rate_home > 0 and rate_away > 0);
        comment on column predictions.ledger.rate_home is
            'Expected goals of the goals model, before its grid is reconciled to the probabilities; null without one.';
        comment on column predictions.ledger.rate_correction is 'Dixon and Coles''s rho, for 0-0, 1-0, 0-1 and 1-1.';
        comment on column predictions.ledger.reasons is
            'Contributions in words, {group: log-odds of home against away before calibration}; null without any.';

        -- As before, and after it the new columns where they are filled: rows sealed without them keep their hash.
        create or replace function predictions.seal() returns trigger language plpgsql as $$
        declare
            head predictions.ledger;
        begin
            -- Serialised: the chain has one end, and each row must see the one before it.
            perform pg_advisory_xact_lock(hashtext('predictions.ledger'));
            select * into head from predictions.ledger order by seq desc limit 1;
            new.seq := coalesce(head.seq, 0) + 1;
            new.sealed_at := clock_timestamp();
            if new.kind = 'live' and not (
                abs(extract(epoch from new.sealed_at - new.as_of)) <= 600 and new.kickoff > new.sealed_at
            ) then
                raise exception 'a live prediction needs as_of within 10 minutes of now and a kickoff still to come'
                    using errcode = 'check_violation';
            end if;
            new.hash := encode(sha256(convert_to(concat_ws('|',
                coalesce(head.hash, ''), new.seq, new.match_id, predictions.utc_text(new.kickoff),
                predictions.utc_text(new.as_of), predictions.utc_text(new.latest_input),
                predictions.utc_text(new.sealed_at), new.kind, new.role, new.model_name, new.model_version,
                new.fingerprint, new.feature_hash, encode(float8send(new.p_home), 'hex'),
                encode(float8send(new.p_draw), 'hex'), encode(float8send(new.p_away), 'hex'),
                encode(float8send(new.rate_home), 'hex'), encode(float8send(new.rate_away), 'hex'),
                encode(float8send(new.rate_correction), 'hex'), new.reasons::text), 'UTF8')), 'hex');
            return new;
        end $$;

        create table predictions.served (
            match_id text primary key,
            seq bigint not null,
            league text not null,
            season text not null,
            kickoff timestamptz not null,
            kickoff_known boolean not null,
            home_id text not null,
            home_name text not null,
            away_id text not null,
            away_name text not null,
            kind text not null,
            model_name text not null,
            model_version integer not null,
            as_of timestamptz not null,
            latest_input timestamptz not null,
            sealed_at timestamptz not null,
            p_home double precision not null,
            p_draw double precision not null,
            p_away double precision not null,
            rate_home double precision,
            rate_away double precision,
            rate_correction double precision,
            reasons json,
            odds_home double precision,
            odds_draw double precision,
            odds_away double precision
        );
        create index on predictions.served (kickoff);
        comment on table predictions.served is
            'One row per match: the champion''s newest sealed prediction (a live one before any replay), with names '
            'and opening odds. Written with the ledger in one transaction that notifies footpred_served. Regenerable.';
    """)
