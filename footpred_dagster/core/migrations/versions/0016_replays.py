"""Fits of a replayed season are registered as such: they made ledger rows, and can never become champion."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
        alter table models.versions drop constraint versions_profile_check;
        alter table models.versions add constraint versions_profile_check
            check (profile in ('production', 'smoke', 'replay'));
    """)
