"""One schema per layer. Layers dbt writes are created here too, so that grants and searches find them from day one."""

from alembic import op

revision = "0001"
down_revision = None

LAYERS = ("raw", "staging", "intermediate", "ratings", "features", "marts", "models", "predictions", "monitoring")


def upgrade() -> None:
    for layer in LAYERS:
        op.execute(f"create schema if not exists {layer}")
