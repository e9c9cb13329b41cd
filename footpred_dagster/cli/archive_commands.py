"""What ``footpred replay`` and ``footpred pull`` do, and how they show it; neither needs Dagster."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.locations import archive_at, open_archive
from footpred_dagster.core.archive.sync import pull as pull_archive
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Settings
from footpred_dagster.runner.progress import LayerProgress
from footpred_dagster.sources.replay import NotReplayable
from footpred_dagster.sources.replay import replay as replay_body


def replay(digest: str, league: str | None, season: Season | None) -> dict[str, Any]:
    """Load one archived body again; what cannot be placed is a usage error."""
    settings = Settings.from_env()
    with connect_migrated(settings, autocommit=True) as connection:
        try:
            done = replay_body(connection, open_archive(settings), digest, league, season)
        except NotReplayable as error:
            raise click.UsageError(str(error)) from error
    parts = [
        {"partition": part.target.partition_key, "rows_before": part.rows_before}
        | {name: getattr(part.loaded, name) for name in ("state", "detail", "rows", "quarantined", "facts")}
        for part in done.parts
    ]
    return {
        "sha256": digest,
        "path": done.path,
        "first_fetched": done.first_fetched.isoformat() if done.first_fetched else None,
        "newest_sha256": done.newest,
        "state": "loaded" if any(part["state"] == "loaded" for part in parts) else "refused",
        "rows": sum(part["rows"] for part in parts),
        "quarantined": sum(part["quarantined"] for part in parts),
        "partitions": parts,
    }


def print_replay(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    body = f"{done['path']} as of {done['first_fetched'] or 'an unknown time'} ({done['sha256'][:12]})"
    click.echo(f"{body} is {done['state']}: {done['rows']} rows, {done['quarantined']} quarantined")
    for part in done["partitions"]:
        if part["state"] == "refused":
            click.echo(f"{part['partition']} stays as it was: {part['detail']}")
        elif part["rows"] or part["rows_before"]:
            before = "nothing" if part["rows_before"] is None else f"{part['rows_before']} rows"
            click.echo(f"{part['partition']}: {part['rows']} rows; before, {before}")
    if done["state"] == "loaded" and done["newest_sha256"] not in (None, done["sha256"]):
        click.echo(f"its newest body is {done['newest_sha256'][:12]}: the next footpred run goes back to that")


def pull(url: str | None) -> dict[str, Any]:
    """Copy into the home's own archive what that lacks of the one at ``url``, or of FOOTPRED_STORAGE_URL."""
    settings = Settings.from_env()
    if not (url := url or settings.storage_url):
        raise click.UsageError("nothing to pull from: give --from s3://bucket/prefix or set FOOTPRED_STORAGE_URL")
    try:
        source = archive_at(url)
    except ValueError as error:
        raise click.UsageError(f"--from {error}") from error
    target = LocalArchive(settings.archive)
    if source.place == target.place:
        raise click.UsageError(f"{target.place} is the home's own archive: there is nothing to pull from itself")
    with LayerProgress() as progress:

        def show(done: int, total: int) -> None:
            if done:
                progress.advance("archive", f"{done} of {total} objects")
            else:
                progress.expect("archive", total)

        pulled = pull_archive(source, target, show)
    refused = [{"name": name, "reason": reason} for name, reason in pulled.refused.items()]
    return {"from": source.place, "to": target.place} | asdict(pulled) | {"refused": refused}


def print_pull(pulled: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(pulled))
        return
    items = pulled["objects"] + pulled["segments"]
    size = f"{pulled['bytes'] / 2**20:.1f} MiB"
    click.echo(f"{pulled['copied']} of {items} copied ({size}) from {pulled['from']} to {pulled['to']}")
    for refused in pulled["refused"]:
        click.echo(f"refused: {refused['reason']}")
    if not pulled["refused"]:
        click.echo("footpred run --source archive fills the raw tables from there")
