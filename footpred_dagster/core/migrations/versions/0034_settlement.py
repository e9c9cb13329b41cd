"""Which clubs a sealed prediction is of, and which ids of clubs have become part of others."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute("""
        create table predictions.sealed_matches (
            match_id text primary key,
            league text not null,
            season text not null,
            home_id text not null,
            away_id text not null
        );
        comment on table predictions.sealed_matches is
            'The clubs of each match in the ledger, as identified when it was sealed: results are joined by them.';
        insert into predictions.sealed_matches
            select match_id, league, season, home_id, away_id from predictions.served;

        create table predictions.club_merges (
            former_id text primary key,
            team_id text not null check (team_id <> former_id),
            merged_at timestamptz not null default now()
        );
        comment on table predictions.club_merges is
            'Ids that no name means any more, and the club that their names mean now, since an alias joined the two.';

        alter table intermediate.club_names add column latest_id text;
        comment on column intermediate.club_names.latest_id is 'team_id, or while the name is pending what it was.';
        update intermediate.club_names set latest_id = team_id;
        comment on column predictions.scores.withdrawn is
            'No match stands behind the score any more: from this revision on the prediction has none.';
    """)
