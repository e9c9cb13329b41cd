"""Drift of outcomes, features and forecasts, and what every look at it found."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("""
        create table monitoring.drift (
            as_of timestamptz not null,
            kind text not null check (kind in ('outcome_mix', 'feature', 'prediction', 'calibration', 'skill')),
            subject text not null,
            league text not null,
            reference text not null,
            current text not null,
            n_reference integer not null,
            n_current integer not null,
            statistic double precision,
            effect double precision,
            p double precision check (p between 0 and 1),
            p_adjusted double precision check (p_adjusted between p and 1),
            flagged boolean not null,
            says text not null,
            primary key (kind, subject, league, reference, current)
        );
        comment on table monitoring.drift is
            'The newest season against seasons before it, and outcomes of the seasons between. Rows of league ''all'' '
            'that are flagged ring the bell; single leagues inform. Regenerable.';
        comment on column monitoring.drift.statistic is
            'outcome_mix: chi-square; feature, prediction: population stability index; calibration: z, of ece what is '
            'allowed; skill: z. Null where too little was played to test, as p is.';
        comment on column monitoring.drift.effect is
            'outcome_mix: Cramér''s V; feature, prediction: D of Kolmogorov-Smirnov; calibration: observed less '
            'predicted share, or the ECE; skill: log-loss gained on the closing line, negative when lost.';
        comment on column monitoring.drift.p_adjusted is
            'Benjamini-Hochberg over what was tested beside it: features, probabilities, outcomes, leagues.';

        create table monitoring.drift_runs (
            run_id integer generated always as identity primary key,
            ran_at timestamptz not null default clock_timestamp(),
            as_of timestamptz not null,
            current text not null,
            reference text not null,
            mix_reference text not null,
            n_current integer not null,
            findings integer not null,
            alarms text[] not null,
            report_sha256 text not null check (report_sha256 ~ '^[0-9a-f]{64}$')
        );
        comment on table monitoring.drift_runs is
            'Insert-only: every look at drift, the alarms it rang and its report, a page kept in the archive.';
        create trigger insert_only before update or delete or truncate on monitoring.drift_runs
            for each statement execute function models.refuse_change();
    """)
