"""Matches that were decided without play: rulings of users, those in force, and scores that are withdrawn by them."""

from alembic import op

revision = "0027"
down_revision = "0026"

STATUSES = "status in ('awarded', 'played', 'void')"
IDENTITY = """
    league text not null,
    season text not null,
    match_date date not null,
    home_id text not null,
    away_id text not null,
"""
COMMENTS = {
    "league": "Division code.",
    "season": "The season it belongs to.",
    "match_date": "The day the source lists it for.",
    "home_id": "Home team.",
    "away_id": "Away team.",
    "status": "awarded: decided without play; played; void: it does not count.",
    "home_goals": "Of the ruling; null: as the source has it.",
    "away_goals": "Of the ruling; null: as the source has it.",
    "decided_by": "list (the seed match_rulings) or user (footpred matches).",
    "reason": "In a few words.",
    "source": "Where it is published, or that a user stated it.",
}


def upgrade() -> None:
    op.execute(f"""
        alter table raw.matches add column looks_awarded boolean not null default false;
        comment on column raw.matches.looks_awarded is
            'No half time, statistics or pre-match price, in a file that has them: probably decided without play.';

        create table raw.match_rulings (
            ruling_id bigint generated always as identity primary key,
            {IDENTITY}
            status text check ({STATUSES}),
            home_goals smallint check (home_goals between 0 and 20),
            away_goals smallint check (away_goals between 0 and 20),
            because text not null check (length(because) between 1 and 500),
            actor text not null,
            decided_at timestamptz not null default clock_timestamp(),
            check (num_nulls(home_goals, away_goals) <> 1)
        );
        comment on table raw.match_rulings is
            'Insert-only: what became of a match, as a user stated it with footpred matches. The newest ruling about a '
            'match is in force, before the seed match_rulings and before what its row in the file looks like.';
        comment on column raw.match_rulings.status is 'Null: earlier rulings about the match are withdrawn.';
        create trigger insert_only before update or delete or truncate on raw.match_rulings
            for each statement execute function models.refuse_change();

        create table intermediate.match_rulings (
            {IDENTITY}
            status text not null check ({STATUSES}),
            home_goals smallint,
            away_goals smallint,
            decided_by text not null check (decided_by in ('list', 'user')),
            reason text not null,
            source text not null,
            primary key (league, season, match_date, home_id, away_id)
        );
        comment on table intermediate.match_rulings is
            'One row per match about which the seed or a user says what became of it.';

        alter table predictions.scores add column withdrawn boolean not null default false;
        comment on column predictions.scores.withdrawn is
            'The match was decided without play after all: from this revision on the prediction has no score.';
        create or replace view predictions.latest_scores as
            select * from (
                select distinct on (seq) ledger.match_id, ledger.kickoff, ledger.as_of, ledger.sealed_at, ledger.kind,
                    ledger.role, ledger.model_name, ledger.model_version, ledger.p_home, ledger.p_draw, ledger.p_away,
                    scores.*
                from predictions.scores inner join predictions.ledger using (seq)
                order by seq, revision desc
            ) as newest
            where not withdrawn;
        comment on view predictions.latest_scores is
            'Each scored prediction with its newest score; those whose score was withdrawn are left out.';
    """)  # noqa: S608 - constants of this module
    for column, comment in COMMENTS.items():
        op.execute(f"comment on column intermediate.match_rulings.{column} is '{comment}'")
