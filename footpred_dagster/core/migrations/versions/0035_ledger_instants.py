"""Times in the ledger lie between 1850 and 2200: an infinite one is left out of the hash, others Python cannot read."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    # latest_input < as_of < kickoff is required already. Rows that are there cannot be changed: verify names them.
    op.execute("""
        alter table predictions.ledger add constraint ledger_instants
            check (latest_input >= '1850-01-01 00:00+00' and kickoff < '2200-01-01 00:00+00') not valid
    """)
