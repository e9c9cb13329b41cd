"""Ratings before each match, written by Python between two dbt layers."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        create table ratings.team_elo (
            match_id text primary key,
            league text not null,
            season text not null,
            kickoff timestamptz not null,
            home_elo double precision not null,
            away_elo double precision not null
        );
        comment on table ratings.team_elo is 'Elo of both teams before each match and fixture, from earlier days only.';
    """)
