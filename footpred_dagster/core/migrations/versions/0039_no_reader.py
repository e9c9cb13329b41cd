"""The role that the dashboard took on gives way to login roles (``core/roles.py``), which are of one database each."""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.execute("""
        do $$
        begin
            drop owned by footpred_reader;
            begin
                drop role footpred_reader;
            exception when insufficient_privilege or dependent_objects_still_exist then
                raise notice 'the role footpred_reader stays: other databases use it';
            end;
        exception when undefined_object or insufficient_privilege then null;
        end $$
    """)
