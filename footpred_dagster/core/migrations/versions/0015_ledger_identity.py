"""The name under which a ledger's anchors lie in the archive, which other ledgers may share."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""
        create table predictions.ledger_identity (ledger_id uuid not null);
        insert into predictions.ledger_identity values (gen_random_uuid());
        comment on table predictions.ledger_identity is 'Names this ledger in the archive, where its head is anchored.';
        create trigger insert_only before insert or update or delete or truncate on predictions.ledger_identity
            for each statement execute function models.refuse_change();
    """)
