"""The ledger of sealed predictions: insert-only, serialised, hash-chained, stamped by the server's clock.

The canonical text that is hashed is written once more in ``core/ledger.py``; a test holds the two together.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        create table predictions.ledger (
            seq bigint primary key,
            match_id text not null,
            kickoff timestamptz not null,
            as_of timestamptz not null,
            latest_input timestamptz not null,
            sealed_at timestamptz not null,
            kind text not null check (kind in ('live', 'replay')),
            role text not null check (role in ('champion', 'challenger', 'market_aware')),
            model_name text not null,
            model_version integer not null,
            fingerprint text not null,
            feature_hash text not null,
            p_home double precision not null,
            p_draw double precision not null,
            p_away double precision not null,
            hash text not null,
            unique (match_id, model_name, model_version, kind, feature_hash),
            check (p_home > 0 and p_draw > 0 and p_away > 0 and abs(p_home + p_draw + p_away - 1) < 1e-9),
            check (latest_input < as_of and as_of < kickoff),
            -- The hash joins columns by this mark: text with it could move between columns unseen.
            check (concat(match_id, model_name, fingerprint, feature_hash) not like '%|%')
        );
        comment on table predictions.ledger is
            'Sealed predictions. Rows are never changed; hash = sha256 of the row and the hash before it.';

        create function predictions.utc_text(instant timestamptz) returns text language sql immutable
            return to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

        create function predictions.seal() returns trigger language plpgsql as $$
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
                encode(float8send(new.p_draw), 'hex'), encode(float8send(new.p_away), 'hex')), 'UTF8')), 'hex');
            return new;
        end $$;

        create trigger seal before insert on predictions.ledger for each row execute function predictions.seal();
        create trigger insert_only before update or delete or truncate on predictions.ledger
            for each statement execute function models.refuse_change();
    """)
