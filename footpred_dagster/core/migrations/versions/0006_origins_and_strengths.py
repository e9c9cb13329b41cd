"""Files of the simulator are marked, attack and defence are rated, versions name the MLflow run that fitted them."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        alter table raw.fetches add column simulated boolean not null default false;
        comment on column raw.fetches.simulated is 'The answer said that it was made up by the simulator.';
        create table ratings.team_strength (
            match_id text primary key,
            league text not null,
            season text not null,
            kickoff timestamptz not null,
            home_attack double precision not null,
            home_defence double precision not null,
            away_attack double precision not null,
            away_defence double precision not null,
            home_log_goals double precision not null,
            away_log_goals double precision not null,
            log_goals_variance double precision not null
        );
        comment on table ratings.team_strength is
            'Attack and defence of both teams before each match and fixture, from earlier days only.';
        alter table models.versions add column mlflow_run_id text, add column mlflow_version integer;
        comment on column models.versions.mlflow_version is 'Number in MLflow''s registry, under the name footpred.';
    """)
