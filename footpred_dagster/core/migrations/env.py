"""Alembic's entry point: one transaction under one advisory lock, so that any number of processes may start at once."""

from alembic import context
from sqlalchemy import Connection, text

MIGRATION_LOCK = 0x666F6F74  # "foot"

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="schema_version", transactional_ddl=True)
with context.begin_transaction():
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    context.run_migrations()
