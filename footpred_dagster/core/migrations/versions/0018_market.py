"""What betting on the models' claims would have returned, and how forecasts compare with the closing line."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("""
        create table predictions.market_roi (
            model text not null,
            line text not null check (line in ('opening', 'closing')),
            edge double precision not null check (edge >= 0),
            slice text not null check (slice in ('all', 'season', 'league')),
            value text not null,
            matches integer not null,
            bets integer not null,
            staked double precision not null,
            profit double precision not null,
            roi double precision,
            roi_low double precision,
            roi_high double precision,
            max_drawdown double precision,
            kelly_staked double precision not null,
            kelly_profit double precision not null,
            kelly_roi double precision,
            kelly_roi_low double precision,
            kelly_roi_high double precision,
            kelly_growth double precision,
            kelly_drawdown double precision,
            primary key (model, line, edge, slice, value),
            check (bets <= matches),
            check ((bets = 0) = (roi is null))
        );
        comment on table predictions.market_roi is
            'Bets at average odds on a model''s out-of-season predictions of the final window, one a match, on the '
            'outcome of the greatest claimed edge where that exceeds edge. Past bets, no advice. Regenerable.';
        comment on column predictions.market_roi.matches is 'That have a price and a prediction.';
        comment on column predictions.market_roi.profit is
            'In units, one staked a bet; negative is a loss. roi: profit / staked, its 95 % interval by match weeks, '
            'which a single week does not give.';
        comment on column predictions.market_roi.max_drawdown is
            'Units from the highest point of the running profit to the lowest after it, a day at a time.';
        comment on column predictions.market_roi.kelly_staked is
            'In bankrolls: a quarter of the Kelly fraction, at most 5 %, of a bankroll that is the same before each '
            'bet. kelly_growth and kelly_drawdown: shares gained and lost by one that carries its profit on.';

        create table predictions.closing_line (
            model text not null,
            slice text not null check (slice in ('all', 'season', 'league')),
            value text not null,
            n integer not null,
            log_loss double precision not null,
            rps double precision not null,
            closing_log_loss double precision not null,
            closing_rps double precision not null,
            better double precision not null,
            low double precision,
            high double precision,
            primary key (model, slice, value)
        );
        comment on table predictions.closing_line is
            'The champion and the opening line against the closing line, on the matches of the final window that all '
            'three cover. better: log-loss of the closing line less that of the model, with a 95 % interval by match '
            'weeks. Regenerable.';
    """)
