"""The ledger's order in time: sealed_at never falls, and anchors state how far the ledger had come at an instant.

Functions of the ledger resolve names in pg_catalog only. Sealing runs with the rights of the owner, so that a role
needs INSERT on the ledger and nothing else. Times are compared with the last row and the last anchor: a resume anchor
(with a reason) starts a new order when the clock was set back.

The first anchor is taken here: rows before it are of the time when nothing of this was enforced. The canonical text of
an anchor is written once more in ``core/chain.py``; a test holds the two together.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("""
        create or replace function models.refuse_change() returns trigger language plpgsql
            set search_path = pg_catalog, pg_temp as $$
        begin
            raise exception '%.% is insert-only: % refused', tg_table_schema, tg_table_name, tg_op
                using errcode = 'restrict_violation';
        end $$;

        create or replace function predictions.utc_text(instant timestamptz) returns text language sql immutable
            set search_path = pg_catalog, pg_temp
            return pg_catalog.to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

        create table predictions.ledger_anchors (
            number bigint primary key,
            rows bigint not null,
            head text not null,
            at timestamptz not null,
            because text check (because <> ''),
            hash text not null
        );
        comment on table predictions.ledger_anchors is
            'How many rows the ledger had, the hash of the newest, and when. With a reason: times begin anew.';

        select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('predictions.ledger'));
        insert into predictions.ledger_anchors (number, rows, head, at, hash)
        select 1, found.rows, found.head, found.at,
            encode(sha256(convert_to(
                concat_ws('|', '', 1, found.rows, found.head, predictions.utc_text(found.at)), 'UTF8')), 'hex')
        from (
            select coalesce(max(seq), 0) as rows, coalesce(max(hash), '') as head,
                greatest(clock_timestamp(), max(sealed_at)) as at
            from (select seq, hash, sealed_at from predictions.ledger order by seq desc limit 1) as newest
        ) as found;

        create function predictions.ledger_clock(reached timestamptz) returns timestamptz language plpgsql
            set search_path = pg_catalog, pg_temp as $$
        declare
            shown constant timestamptz := pg_catalog.clock_timestamp();
        begin
            if shown < reached - interval '5 seconds' then
                raise exception 'the database''s clock shows %, but the ledger has reached %: a row sealed now would '
                    'be back-dated. Wait until the clock has passed that, or correct it; if it is right and was ahead '
                    'before, begin a new order with: footpred ledger resume --because TEXT',
                    predictions.utc_text(shown), predictions.utc_text(reached)
                    using errcode = 'check_violation';
            end if;
            return greatest(shown, reached);
        end $$;

        create or replace function predictions.seal() returns trigger language plpgsql security definer
            set search_path = pg_catalog, pg_temp as $$
        declare
            head predictions.ledger;
            anchor predictions.ledger_anchors;
        begin
            -- Serialised: the chain has one end, and each row must see the one before it.
            perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('predictions.ledger'));
            select * into head from predictions.ledger order by seq desc limit 1;
            select * into anchor from predictions.ledger_anchors order by number desc limit 1;
            new.seq := coalesce(head.seq, 0) + 1;
            -- The newest anchor is not before the rows it has; after a resume they are of an order that has ended.
            new.sealed_at := predictions.ledger_clock(greatest(
                case when head.seq <= anchor.rows then null else head.sealed_at end,
                anchor.at + interval '1 microsecond'));
            if new.kind = 'live' and not (
                pg_catalog.abs(extract(epoch from new.sealed_at - new.as_of)) <= 600 and new.kickoff > new.sealed_at
            ) then
                raise exception 'a live prediction needs as_of within 10 minutes of now and a kickoff still to come'
                    using errcode = 'check_violation';
            end if;
            new.hash := pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|',
                coalesce(head.hash, ''), new.seq, new.match_id, predictions.utc_text(new.kickoff),
                predictions.utc_text(new.as_of), predictions.utc_text(new.latest_input),
                predictions.utc_text(new.sealed_at), new.kind, new.role, new.model_name, new.model_version,
                new.fingerprint, new.feature_hash, pg_catalog.encode(pg_catalog.float8send(new.p_home), 'hex'),
                pg_catalog.encode(pg_catalog.float8send(new.p_draw), 'hex'),
                pg_catalog.encode(pg_catalog.float8send(new.p_away), 'hex'),
                pg_catalog.encode(pg_catalog.float8send(new.rate_home), 'hex'),
                pg_catalog.encode(pg_catalog.float8send(new.rate_away), 'hex'),
                pg_catalog.encode(pg_catalog.float8send(new.rate_correction), 'hex'),
                new.reasons::pg_catalog.text), 'UTF8')), 'hex');
            return new;
        end $$;

        create function predictions.take_anchor() returns trigger language plpgsql security definer
            set search_path = pg_catalog, pg_temp as $$
        declare
            head predictions.ledger;
            anchor predictions.ledger_anchors;
            reached timestamptz;
        begin
            if pg_catalog.current_setting('transaction_isolation') <> 'read committed' then
                raise exception 'an anchor is taken in a read committed transaction: an older snapshot lacks rows'
                    using errcode = 'invalid_transaction_state';
            end if;
            perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('predictions.ledger'));
            select * into head from predictions.ledger order by seq desc limit 1;
            select * into anchor from predictions.ledger_anchors order by number desc limit 1;
            reached := greatest(case when head.seq <= anchor.rows then null else head.sealed_at end, anchor.at);
            new.number := coalesce(anchor.number, 0) + 1;
            new.rows := coalesce(head.seq, 0);
            new.head := coalesce(head.hash, '');
            if new.because is null then
                new.at := predictions.ledger_clock(reached);
            else
                new.at := pg_catalog.clock_timestamp();
                if new.at >= reached - interval '5 seconds' then
                    raise exception 'there is nothing to resume: the database''s clock is not behind the ledger, and '
                        'predictions are sealed as they are' using errcode = 'check_violation';
                end if;
            end if;
            new.hash := pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|',
                coalesce(anchor.hash, ''), new.number, new.rows, new.head, predictions.utc_text(new.at), new.because),
                'UTF8')), 'hex');
            return new;
        end $$;

        create trigger take_anchor before insert on predictions.ledger_anchors
            for each row execute function predictions.take_anchor();
        create trigger insert_only before update or delete or truncate on predictions.ledger_anchors
            for each statement execute function models.refuse_change();
    """)
