"""Standings by the rules of each league and season, and adjustments of points that users state."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("""
        create table raw.stated_adjustments (
            league text not null,
            season text not null,
            team_id text not null,
            points integer not null,
            effective_on date not null,
            reason text not null check (length(reason) between 1 and 500),
            stated_at timestamptz not null default clock_timestamp(),
            primary key (league, season, team_id)
        );
        comment on table raw.stated_adjustments is
            'Points given to a club or taken from it, as stated by footpred table adjust: the season''s total of that '
            'club, which replaces the rows of the seed points_adjustments.';

        create table ratings.standings (
            league text not null,
            season text not null,
            table_date date not null,
            team_id text not null,
            place integer not null check (place > 0),
            played integer not null,
            won integer not null,
            drawn integer not null,
            lost integer not null,
            goals_for integer not null,
            goals_against integer not null,
            points_won integer not null,
            points_adjustment integer not null,
            points_halved integer not null check (points_halved <= 0),
            points integer not null,
            phase text,
            zone text,
            is_final boolean not null,
            primary key (league, season, team_id),
            check (points = points_won + points_adjustment + points_halved)
        );
        comment on table ratings.standings is
            'One row per club, league and season: its line of the table after the latest result, by the rules of that '
            'season. Clubs that the rules leave level share a place.';
        comment on column ratings.standings.points_adjustment is 'Points given or taken by rulings in force by today.';
        comment on column ratings.standings.points_halved is
            'Points lost where a split halves what was won before it; zero elsewhere.';
        comment on column ratings.standings.phase is 'Group of the second phase the club is in; null without one.';
        comment on column ratings.standings.zone is
            'What the place is worth: title, promotion, Champions League, relegation and the like; null for none.';
        comment on column ratings.standings.is_final is 'Whether the season is over: another one of the league began.';
    """)
