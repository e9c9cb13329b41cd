"""Intervals by match week: none where there are too few weeks, and all of them stored, reliability of backtests too."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute("""
        alter table models.comparisons
            add column weeks integer,
            alter column se drop not null,
            alter column low drop not null,
            alter column high drop not null;
        comment on table models.comparisons is
            'Log-loss of against less that of model on the same matches, with a 95 % interval by match week; against '
            'the closing line by league, too. Regenerable.';
        comment on column models.comparisons.low is 'Null, as se and high, where there are too few match weeks.';

        alter table models.evaluation
            add column weeks integer, add column low double precision, add column high double precision;
        comment on column models.evaluation.low is
            'With high the 95 % interval of log_loss by match week; null where there are too few weeks.';

        alter table predictions.track_record
            add column weeks integer, add column low double precision, add column high double precision;
        comment on column predictions.track_record.low is
            'With high the 95 % interval of log_loss by match week; null where there are too few weeks.';

        -- Bounds computed before this do not hold with few weeks. The next run computes these tables anew.
        update models.comparisons set se = null, low = null, high = null;
        update predictions.track_record set against_low = null, against_high = null;
        update predictions.closing_line set low = null, high = null;
        update predictions.market_roi
            set roi_low = null, roi_high = null, kelly_roi_low = null, kelly_roi_high = null;

        comment on column monitoring.drift.statistic is
            'outcome_mix: chi-square; feature, prediction: population stability index; calibration: z, of ece what is '
            'allowed; skill: t. Null where too little was played to test, as p is.';

        create table models.reliability (
            model text not null,
            "window" text not null,
            bin integer not null,
            n integer not null,
            predicted double precision not null,
            observed double precision not null,
            low double precision not null,
            high double precision not null,
            primary key (model, "window", bin)
        );
        comment on table models.reliability is
            'Predicted against observed frequency out of season, all outcomes pooled, with Wilson''s 95 % intervals. '
            'Regenerable.';
    """)
