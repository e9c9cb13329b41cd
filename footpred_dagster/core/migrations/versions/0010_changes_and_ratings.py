"""What changed in the raw tables and how far each table has taken it in; pi-ratings, and ratings as of now."""

from alembic import op

revision = "0010"
down_revision = "0009"

BEFORE_EACH_MATCH = {
    "team_elo": ("home_elo", "away_elo", "elo_difference"),
    "team_pi": ("home_pi", "away_pi", "pi_difference"),
    "team_strength": (
        *("home_attack", "home_defence", "away_attack", "away_defence"),
        *("home_log_goals", "away_log_goals", "log_goals_difference"),
        *("poisson_home", "poisson_away"),
        *("log_shots_on_target_difference", "log_shots_on_target_sum"),
        *("log_shots_difference", "log_shots_sum", "log_corners_difference", "log_corners_sum"),
        *("home_momentum", "away_momentum", "home_short_momentum", "away_short_momentum"),
        *("home_venue_momentum", "away_venue_momentum"),
    ),
}
COMMENTS = {
    "team_elo": "Elo of both teams before each match and fixture, from earlier days only.",
    "team_pi": "pi-ratings of both teams before each match and fixture, from earlier days only.",
    "team_strength": "Attack, defence and momentum of both teams before each match, from earlier days only.",
}


def upgrade() -> None:
    op.execute("""
        create table raw.changes (
            change_id bigint generated always as identity primary key,
            league text not null,
            season text not null,
            club text not null,
            from_date date not null,
            changed_at timestamptz not null default clock_timestamp()
        );
        comment on table raw.changes is
            'Insert-only: the clubs whose lines in a results file appeared, vanished or changed with a load, and from '
            'which date on. What is built from matches asks here what to build again.';

        create table intermediate.build_marks (
            model text primary key,
            change_id bigint not null default 0,
            building bigint not null default 0,
            code text
        );
        comment on table intermediate.build_marks is
            'How far each incremental table has taken in raw.changes, by which code. Another code builds it anew.';

        create index on raw.matches (league, season);

        drop table ratings.team_elo cascade;
        drop table ratings.team_strength cascade;
    """)
    for table, columns in BEFORE_EACH_MATCH.items():
        listed = ", ".join(f"{column} double precision not null" for column in columns)
        op.execute(f"""
            create table ratings.{table} (
                match_id text primary key,
                league text not null,
                season text not null,
                kickoff timestamptz not null,
                is_played boolean not null,
                {listed}
            );
            create index on ratings.{table} (league, kickoff);
            comment on table ratings.{table} is '{COMMENTS[table]}';
        """)
    op.execute("""
        create table ratings.team_state (
            team_id text not null,
            league text not null,
            season text not null,
            elo double precision not null,
            home_pi double precision not null,
            away_pi double precision not null,
            attack double precision[] not null,
            defence double precision[] not null,
            momentum double precision[] not null,
            primary key (team_id, league)
        );
        comment on table ratings.team_state is
            'Every club as its next match in that league will be rated; arrays in the order of the statistics.';
        create table ratings.division_state (
            league text primary key,
            season text not null,
            level double precision[] not null,
            home_advantage double precision[] not null
        );
        comment on table ratings.division_state is 'Log-rates of every division, in the order of the statistics.';
    """)
