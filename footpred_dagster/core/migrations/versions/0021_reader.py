"""Nothing any more: it made the role footpred_reader, which 0039 takes back."""

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    pass
