"""How sealed predictions did once their matches were played, and the track record that adds them up."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        create table predictions.scores (
            seq bigint not null,
            revision integer not null check (revision > 0),
            scored_at timestamptz not null default clock_timestamp(),
            league text not null,
            season text not null,
            home_goals integer not null,
            away_goals integer not null,
            outcome smallint not null check (outcome between 0 and 2),
            lead_hours double precision not null check (lead_hours > 0),
            log_loss double precision not null,
            rps double precision not null,
            brier double precision not null,
            hit boolean not null,
            goals_log_loss double precision,
            closing_odds_home double precision,
            closing_odds_draw double precision,
            closing_odds_away double precision,
            closing_log_loss double precision,
            primary key (seq, revision)
        );
        comment on table predictions.scores is
            'Insert-only: how a sealed prediction did. A corrected result or closing odds add a revision.';
        comment on column predictions.scores.lead_hours is 'From as_of to kickoff.';
        comment on column predictions.scores.goals_log_loss is
            'Of the exact scoreline under the reconciled grid; null without a grid.';
        create trigger insert_only before update or delete or truncate on predictions.scores
            for each statement execute function models.refuse_change();

        create view predictions.latest_scores as
            select distinct on (seq) ledger.match_id, ledger.kickoff, ledger.as_of, ledger.sealed_at, ledger.kind,
                ledger.role, ledger.model_name, ledger.model_version, ledger.p_home, ledger.p_draw, ledger.p_away,
                scores.*
            from predictions.scores inner join predictions.ledger using (seq)
            order by seq, revision desc;
        comment on view predictions.latest_scores is 'Each scored prediction with its newest score.';

        create table predictions.track_record (
            kind text not null check (kind in ('live', 'replay')),
            model text not null,
            slice text not null,
            value text not null,
            n integer not null,
            log_loss double precision not null,
            se double precision not null,
            rps double precision not null,
            brier double precision not null,
            accuracy double precision not null,
            against double precision,
            against_low double precision,
            against_high double precision,
            primary key (kind, model, slice, value)
        );
        comment on table predictions.track_record is
            'Scores of the champion''s last sealed prediction of each match, and of shadows and the closing line on '
            'the same matches: all, by league, season, month, lead time and phase of the season. against: log-loss '
            'of the model less that of the champion, with a 95 % interval by match weeks. Regenerable.';

        create table predictions.reliability (
            kind text not null check (kind in ('live', 'replay')),
            model text not null,
            bin integer not null,
            n integer not null,
            predicted double precision not null,
            observed double precision not null,
            low double precision not null,
            high double precision not null,
            primary key (kind, model, bin)
        );
        comment on table predictions.reliability is
            'Predicted against observed frequency, all outcomes pooled, with Wilson''s 95 % intervals. Regenerable.';
    """)
