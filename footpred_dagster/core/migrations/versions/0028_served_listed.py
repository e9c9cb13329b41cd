"""Whether a match that is served still stands in the list of fixtures."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("""
        alter table predictions.served add column listed boolean not null default true;
        comment on column predictions.served.listed is
            'False: the source no longer lists the match and gives no result of it: called off, moved, or a mistake.';
    """)
