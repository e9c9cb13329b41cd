"""How each league's season may end, as of each of its matchdays."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("""
        create table predictions.projections (
            league text not null,
            season text not null,
            results_to timestamptz not null,
            team_id text not null,
            team_name text not null,
            place integer not null,
            played integer not null,
            points integer not null,
            adjustment integer not null,
            expected_points double precision not null,
            points_sd double precision not null,
            positions double precision[] not null,
            zones jsonb not null,
            label text not null,
            simulations integer not null,
            model_name text not null,
            model_version integer not null,
            as_of timestamptz not null,
            primary key (league, season, results_to, team_id)
        );
        comment on table predictions.projections is
            'One row per club and matchday of its league: where simulated seasons end that go on from the results up '
            'to results_to. positions: chance of each place, first to last. zones: chance of title, top 4, relegation '
            'and the like by name. points and place are the table as it stands, adjustments by the league included. '
            'A matchday is written anew by each projection of it. Regenerable.';
        create view predictions.latest_projections as
            select * from predictions.projections as all_of_them
            where (season, results_to) = (
                select season, results_to from predictions.projections as newest
                where newest.league = all_of_them.league order by season desc, results_to desc limit 1
            );
        comment on view predictions.latest_projections is 'Each league as of its newest matchday.';
    """)
