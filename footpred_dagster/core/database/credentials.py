"""Passwords kept where only their owner can read them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit


def without_password(url: str, passfile: Path) -> str:
    """``url`` with its password moved to a libpq password file.

    Dagster and MLflow hand URLs to child processes as arguments, where every user of the machine can read them.
    """
    parts = urlsplit(url)
    if parts.password is None:
        return url
    fields = (parts.hostname, parts.port or 5432, parts.path.lstrip("/"), parts.username, parts.password)
    line = ":".join(unquote(str(field)).replace("\\", "\\\\").replace(":", "\\:") for field in fields)
    write_private(passfile, line + "\n")
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    address = f"{quote(unquote(parts.username or ''))}@{host}:{parts.port or 5432}"
    query = urlencode([*parse_qsl(parts.query), ("passfile", str(passfile))])
    return urlunsplit(parts._replace(netloc=address, query=query))


def write_private(path: Path, text: str) -> None:
    """Replace a file only its owner may read, whole or not at all; an equal one stays untouched."""
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)
