"""Which club each name means, as operators decided and as dbt joins it; and seasons that a check holds back."""

from alembic import op

revision = "0026"
down_revision = "0025"

COMMENTS = {
    "intermediate.club_names": {
        "country": "Country of the leagues the name was seen in.",
        "season": "Season the name was seen in, as 2024-25 or 2024.",
        "name": "Spelling at the source.",
        "team_id": "The club it means; null while pending.",
        "status": "listed: by the seed or a decision; new: on no list and near no club on record; pending: doubtful.",
        "why": "Why it is pending.",
        "nearest": "Of a pending name: clubs whose names are nearest, each as [name, team_id], the probable one first.",
        "leagues": "Codes of the leagues the name was seen in, as a list.",
        "first_day": "First day it plays or is to play in that season.",
        "matches": "Lines of results files with that name.",
        "fixtures": "Lines of the list of fixtures with that name.",
    },
    "intermediate.held_seasons": {
        "league": "Division code.",
        "season": "The season that is left out.",
    },
}


def upgrade() -> None:
    op.execute("""
        create table raw.club_decisions (
            decision_id bigint generated always as identity primary key,
            country text not null,
            name text not null,
            team_id text,
            is_new boolean not null default false,
            first_season text,
            last_season text,
            because text,
            actor text not null,
            decided_at timestamptz not null default clock_timestamp(),
            check (first_season <= last_season)
        );
        comment on table raw.club_decisions is
            'Insert-only: which club a name means, as an operator decided with footpred clubs alias. The newest '
            'decision that covers a season is in force, before the seed.';
        comment on column raw.club_decisions.team_id is 'Null: earlier decisions about the name are withdrawn.';
        create trigger insert_only before update or delete or truncate on raw.club_decisions
            for each statement execute function models.refuse_change();

        create table intermediate.club_names (
            country text not null,
            season text not null,
            name text not null,
            team_id text,
            status text not null check (status in ('listed', 'new', 'pending')),
            why text,
            nearest jsonb not null default '[]',
            leagues jsonb not null,
            first_day date not null,
            matches integer not null,
            fixtures integer not null,
            primary key (country, season, name),
            check ((status = 'pending') = (team_id is null))
        );
        comment on table intermediate.club_names is
            'One row per name of a club, country and season: the club it means. Matches of a pending name wait in raw.';

        create table raw.held_seasons (
            check_name text not null,
            league text not null,
            season text not null,
            why text not null,
            held_at timestamptz not null default clock_timestamp(),
            primary key (check_name, league, season)
        );
        comment on table raw.held_seasons is
            'Seasons of a league in which a check found a fault when it last ran: they wait here, other leagues go on.';

        create table intermediate.held_seasons (
            league text not null,
            season text not null,
            primary key (league, season)
        );
        comment on table intermediate.held_seasons is
            'The seasons that the intermediate layer leaves out, as taken over from raw.held_seasons.';

        alter table raw.changes add column team_id text;
        comment on column raw.changes.team_id is
            'The id the club had before its name was resolved anew; null: the id of its name.';

        -- dbt inserts into the seed's table as it is and cannot add columns to it.
        do $$
        begin
            if to_regclass('staging.team_aliases') is not null then
                alter table staging.team_aliases add column if not exists first_season text;
                alter table staging.team_aliases add column if not exists last_season text;
            end if;
        end $$;
    """)
    for table, columns in COMMENTS.items():
        for column, comment in columns.items():
            op.execute(f"comment on column {table}.{column} is '{comment}'")
