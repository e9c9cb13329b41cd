"""Which modules each code version was made of: what names the module that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import psycopg

from footpred_dagster.core.code_versions import PACKAGE, modules_of

Changed = Callable[[str | None, str | None], list[str]]
"""Modules that a code version has and an earlier one has not, as they are; empty when the earlier is not known."""


def remember(connection: psycopg.Connection, versions: Iterable[str | None]) -> None:
    """Write down the modules of code ``versions`` of this process that are not known yet."""
    known = {row[0] for row in connection.execute("select distinct code_version from monitoring.code_modules")}
    new = {version for version in versions if version} - known
    rows = [(version, name, digest) for version in sorted(new) for name, digest in modules_of(version).items()]
    with connection.cursor() as cursor:
        cursor.executemany("insert into monitoring.code_modules values (%s, %s, %s) on conflict do nothing", rows)


def changed_modules(connection: psycopg.Connection) -> Changed:
    """What compares a recorded code version with one of this process, module by module."""
    if connection.execute("select to_regclass('monitoring.code_modules')").fetchone() == (None,):
        return nothing_known  # a home of an earlier release, before its first run
    digests: dict[str, set[str]] = defaultdict(set)
    for version, digest in connection.execute("select code_version, digest from monitoring.code_modules"):
        digests[version].add(digest)

    def changed(recorded: str | None, current: str | None) -> list[str]:
        if not recorded or not current or recorded not in digests:
            return []
        now = modules_of(current)
        return sorted(name.removeprefix(f"{PACKAGE}.") for name in now if now[name] not in digests[recorded])

    return changed


def nothing_known(_recorded: str | None, _current: str | None) -> list[str]:
    return []
