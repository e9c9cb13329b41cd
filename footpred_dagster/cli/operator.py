"""Who is at the keyboard."""

from __future__ import annotations

import getpass


def actor() -> str:
    """The account's name, kept beside each decision it makes."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        return "unnamed account"
