"""openfootball: schedules and results of the second source, apart from what models learn from."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        create table raw.openfootball_files (
            path text primary key,
            sha256 text not null,
            parser_version text not null,
            refused_because text,
            loaded_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.openfootball_files is
            'The newest body read of each file; one that was refused left the rows loaded before as they were.';

        create table raw.openfootball_matches (
            league text not null,
            season text not null,
            line integer not null,
            round text,
            match_date date not null,
            kickoff_time time,
            zone text not null,
            kickoff timestamptz,
            home text not null,
            away text not null,
            home_goals smallint,
            away_goals smallint,
            ht_home_goals smallint,
            ht_away_goals smallint,
            status text,
            primary key (league, season, line)
        );
        comment on table raw.openfootball_matches is
            'Fixtures and results of openfootball, to check against; kickoff_time is the clock of zone.';
    """)
