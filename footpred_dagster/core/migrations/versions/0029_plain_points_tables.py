"""The daily tables by plain points under a name that says so; their rows and their mark stay."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.execute("""
        alter table if exists intermediate.int_league_tables rename to int_plain_points_tables;
        update intermediate.build_marks set model = 'int_plain_points_tables' where model = 'int_league_tables';
    """)
