"""Raw layer: the fetch log, what each partition holds, its rows, and the rows that were refused."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        create table raw.fetches (
            fetch_id bigint generated always as identity primary key,
            source text not null,
            path text not null,
            url text not null,
            status smallint not null,
            etag text,
            last_modified text,
            sha256 text,
            size bigint,
            seconds double precision not null,
            fetched_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.fetches is 'Every request to a source; sha256 names the body in the archive.';
        create index on raw.fetches (path, fetch_id desc);

        create table raw.loads (
            partition_key text primary key,
            sha256 text not null,
            parser_version text not null,
            rows integer not null,
            quarantined integer not null,
            facts jsonb not null,
            loaded_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.loads is
            'The body each partition was loaded from: which bytes raw.matches and raw.fixtures hold.';

        create table raw.refusals (
            partition_key text primary key,
            sha256 text not null,
            parser_version text not null,
            reason text not null,
            detail text not null,
            structural boolean not null,
            refused_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.refusals is
            'Newest body of a partition that was refused whole; its earlier rows stay. Gone once a body is accepted.';

        create table raw.matches (
            partition_key text not null,
            league text not null,
            season text not null,
            line integer not null,
            match_date date not null,
            kickoff_time time,
            home text not null,
            away text not null,
            home_goals smallint,
            away_goals smallint,
            ht_home_goals smallint,
            ht_away_goals smallint,
            home_shots smallint,
            away_shots smallint,
            home_shots_on_target smallint,
            away_shots_on_target smallint,
            home_fouls smallint,
            away_fouls smallint,
            home_corners smallint,
            away_corners smallint,
            home_yellows smallint,
            away_yellows smallint,
            home_reds smallint,
            away_reds smallint,
            avg_h double precision,
            avg_d double precision,
            avg_a double precision,
            avg_close_h double precision,
            avg_close_d double precision,
            avg_close_a double precision,
            primary key (partition_key, line)
        );
        comment on table raw.matches is 'One row per match line of a results file, typed, nothing derived.';

        create table raw.fixtures (
            line integer primary key,
            league text not null,
            match_date date not null,
            kickoff_time time,
            home text not null,
            away text not null,
            avg_h double precision,
            avg_d double precision,
            avg_a double precision
        );
        comment on table raw.fixtures is 'The newest fixtures.csv as it stands; played matches stay in it for a while.';

        create table raw.quarantine (
            partition_key text not null,
            path text not null,
            sha256 text not null,
            line integer not null,
            "column" text,
            reason text not null,
            value text,
            dropped boolean not null
        );
        comment on table raw.quarantine is
            'Rows (dropped) and single values (kept match, value nulled) the parser would not believe.';
        create index on raw.quarantine (partition_key);
    """)
