"""``footpred keys``: who may call the service. Needs the database and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import psycopg

from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core import api_keys
from footpred_dagster.core.api_keys import Key, UnknownKey
from footpred_dagster.core.database.connection import connect_as_owner

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DEMO = "demo"


def _lifetime(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    if value is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no length of time: write 90d, 12h, 30m or 45s")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


@contextmanager
def _database(session: Session) -> Iterator[psycopg.Connection]:
    """A transaction on the migrated database; what users did wrong is told as such."""
    try:
        with connect_as_owner(session.settings) as connection:
            yield connection
    except UnknownKey as error:
        raise click.ClickException(str(error)) from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@click.group()
def keys() -> None:
    """Keys of the service: create, list, rotate, revoke."""


@keys.command()
@click.option("--name", required=True, help="Whose it is; for people.")
@click.option("--scopes", required=True, help="Comma-separated: read, predict, batch, admin.")
@click.option("--expires", "lives", callback=_lifetime, help="90d, 12h, 30m. Default: never.")
@click.option("--rate", type=click.FloatRange(0.01, 1e6), default=100.0, show_default=True, help="Requests a second.")
@click.option("--burst", type=click.IntRange(1, 10**6), default=200, show_default=True, help="Requests at once.")
@with_session
def create(session: Session, name: str, scopes: str, lives: timedelta | None, rate: float, burst: int) -> None:
    """Make a key and show it, once."""
    with _database(session) as connection:
        key, text = api_keys.create(
            connection,
            name,
            [scope.strip() for scope in scopes.split(",") if scope.strip()],
            lives=lives,
            rate=rate,
            burst=burst,
        )
    _show(session, key, text)


@keys.command()
@click.argument("identity", metavar="ID")
@click.option("--overlap", callback=_lifetime, default="24h", show_default=True, help="How long the old one lives on.")
@with_session
def rotate(session: Session, identity: str, overlap: timedelta) -> None:
    """Make a key in place of ID, with its name, scopes and limits."""
    with _database(session) as connection:
        key, text = api_keys.rotate(connection, identity, overlap=overlap)
    _show(session, key, text)


@keys.command()
@click.argument("identity", metavar="ID")
@with_session
def revoke(session: Session, identity: str) -> None:
    """Refuse ID from now on."""
    with _database(session) as connection:
        key = api_keys.revoke(connection, identity)
    session.tell(_facts(key), f"{key.id} ({key.name}) is revoked")


@keys.command("list", cls=Reading)
@with_session
def list_keys(session: Session) -> None:
    """Every key, whether it is in force, and when it was last used."""
    with _database(session) as connection:
        found, uses = api_keys.all_keys(connection), api_keys.last_uses(connection)
    rows = []
    for key in found:
        at, requests, refused = uses.get(key.id, (None, 0, 0))
        used = {"last_used_at": _text(at), "requests": requests, "refused": refused}
        rows.append(_facts(key) | {"state": _state(key)} | used)
    session.tell({"keys": rows}, lambda: _print_keys(rows))


def _print_keys(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        used = f"last used {row['last_used_at']}, {row['requests']} requests" if row["last_used_at"] else "never used"
        click.echo(f"{row['id']}  {row['state']:<8} {','.join(row['scopes']):<24} {row['name']}: {used}")
    if not rows:
        click.echo("there are no keys: footpred keys create makes one")


def demo_key(connection: psycopg.Connection) -> str | None:
    """The text of a key to try the service with, when there was never any key here; else None."""
    connection.execute("lock table serving.keys in share row exclusive mode")
    if api_keys.all_keys(connection):
        return None
    return api_keys.create(connection, DEMO, ("read", "predict", "batch"))[1]


def _show(session: Session, key: Key, text: str) -> None:
    session.tell({"id": key.id, "key": text} | _facts(key), text)
    if not session.as_json:
        click.echo(f"shown this once; send it in the header X-API-Key. Scopes: {', '.join(key.scopes)}", err=True)


def _facts(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "expires_at": _text(key.expires_at),
        "rate": key.rate,
        "burst": key.burst,
    }


def _state(key: Key) -> str:
    return "in force" if key.in_force(datetime.now(UTC)) else "revoked" if key.revoked_at else "expired"


def _text(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
