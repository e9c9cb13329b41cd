"""``footpred keys``: who may call the service. Needs the database and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from footpred_dagster.cli.options import Reading, json_option

if TYPE_CHECKING:
    import psycopg

    from footpred_dagster.core.api_keys import Key

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
def _database() -> Iterator[psycopg.Connection]:
    """A transaction on the migrated database; what users did wrong is told as such."""
    from footpred_dagster.core.api_keys import UnknownKey
    from footpred_dagster.core.database.connection import connect_as_owner

    try:
        with connect_as_owner() as connection:
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
@json_option
def create(name: str, scopes: str, lives: timedelta | None, rate: float, burst: int, as_json: bool) -> None:
    """Make a key and show it, once."""
    from footpred_dagster.core import api_keys

    with _database() as connection:
        key, text = api_keys.create(
            connection,
            name,
            [scope.strip() for scope in scopes.split(",") if scope.strip()],
            lives=lives,
            rate=rate,
            burst=burst,
        )
    _show(key, text, as_json=as_json)


@keys.command()
@click.argument("identity", metavar="ID")
@click.option("--overlap", callback=_lifetime, default="24h", show_default=True, help="How long the old one lives on.")
@json_option
def rotate(identity: str, overlap: timedelta, as_json: bool) -> None:
    """Make a key in place of ID, with its name, scopes and limits."""
    from footpred_dagster.core import api_keys

    with _database() as connection:
        key, text = api_keys.rotate(connection, identity, overlap=overlap)
    _show(key, text, as_json=as_json)


@keys.command()
@click.argument("identity", metavar="ID")
@json_option
def revoke(identity: str, as_json: bool) -> None:
    """Refuse ID from now on."""
    from footpred_dagster.core import api_keys

    with _database() as connection:
        key = api_keys.revoke(connection, identity)
    click.echo(json.dumps(_facts(key)) if as_json else f"{key.id} ({key.name}) is revoked")


@keys.command("list", cls=Reading)
@json_option
def list_keys(as_json: bool) -> None:
    """Every key, whether it is in force, and when it was last used."""
    from footpred_dagster.core import api_keys

    with _database() as connection:
        found, uses = api_keys.all_keys(connection), api_keys.last_uses(connection)
    rows = []
    for key in found:
        at, requests, refused = uses.get(key.id, (None, 0, 0))
        used = {"last_used_at": _text(at), "requests": requests, "refused": refused}
        rows.append(_facts(key) | {"state": _state(key)} | used)
    if as_json:
        click.echo(json.dumps({"keys": rows}))
        return
    for row in rows:
        used = f"last used {row['last_used_at']}, {row['requests']} requests" if row["last_used_at"] else "never used"
        click.echo(f"{row['id']}  {row['state']:<8} {','.join(row['scopes']):<24} {row['name']}: {used}")
    if not rows:
        click.echo("there are no keys: footpred keys create makes one")


def demo_key(connection: psycopg.Connection) -> str | None:
    """The text of a key to try the service with, when there was never any key here; else None."""
    from footpred_dagster.core import api_keys

    connection.execute("lock table serving.keys in share row exclusive mode")
    if api_keys.all_keys(connection):
        return None
    return api_keys.create(connection, DEMO, ("read", "predict", "batch"))[1]


def _show(key: Key, text: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"id": key.id, "key": text} | _facts(key)))
        return
    click.echo(text)
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
