"""Files in the archive: loaded again, copied from another one, let in though they were refused."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from footpred_dagster.cli.options import because_option, parsed
from footpred_dagster.cli.session import FAILED, Session, with_session
from footpred_dagster.core.archive import sync
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.locations import archive_at
from footpred_dagster.core.domain import Season
from footpred_dagster.runner.progress import LayerProgress
from footpred_dagster.runner.selection import parse_digest
from footpred_dagster.sources import replay as bodies
from footpred_dagster.sources.fetching import acceptance


@click.command()
@click.option("--sha256", "digest", required=True, callback=parsed(parse_digest), help="The body: 64 hex digits.")
@click.option("--league", help="Its league: E0, ARG. Default: what the fetch log says.")
@click.option("--season", callback=parsed(Season.parse), help="Its season: 2425.")
@with_session
def reload(session: Session, digest: str, league: str | None, season: Season | None) -> None:
    """Load one archived file again, from its bytes; the next run goes back to the newest."""
    reload_body(session, digest, league, season)


def reload_body(session: Session, digest: str, league: str | None, season: Season | None) -> None:
    """What ``reload`` does; ends the program with code 1 if the file was refused."""
    with session.connect(autocommit=True) as connection:
        try:
            done = bodies.replay(connection, session.archive, digest, league, season)
        except bodies.NotReplayable as error:
            raise click.UsageError(str(error)) from error
    parts = [
        {"partition": part.target.partition_key, "rows_before": part.rows_before}
        | {name: getattr(part.loaded, name) for name in ("state", "detail", "rows", "quarantined", "facts")}
        for part in done.parts
    ]
    facts = {
        "sha256": digest,
        "path": done.path,
        "first_fetched": done.first_fetched.isoformat() if done.first_fetched else None,
        "newest_sha256": done.newest,
        "state": "loaded" if any(part["state"] == "loaded" for part in parts) else "refused",
        "rows": sum(part["rows"] for part in parts),
        "quarantined": sum(part["quarantined"] for part in parts),
        "partitions": parts,
    }
    session.tell(facts, lambda: _print_reloaded(facts))
    sys.exit(FAILED if facts["state"] == "refused" else 0)


def _print_reloaded(done: dict[str, Any]) -> None:
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


@click.command()
@click.option("--from", "url", help="s3://bucket/prefix or file:///folder. Default: FOOTPRED_STORAGE_URL.")
@with_session
def pull(session: Session, url: str | None) -> None:
    """Copy what the archive in this home lacks from another one, each object verified."""
    if not (url := url or session.settings.storage_url):
        raise click.UsageError("nothing to pull from: give --from s3://bucket/prefix or set FOOTPRED_STORAGE_URL")
    try:
        source = archive_at(url)
    except ValueError as error:
        raise click.UsageError(f"--from {error}") from error
    target = LocalArchive(session.settings.archive)
    if source.place == target.place:
        raise click.UsageError(f"{target.place} is the home's own archive: there is nothing to pull from itself")
    with LayerProgress() as progress:

        def show(done: int, total: int) -> None:
            if done:
                progress.advance("archive", f"{done} of {total} objects")
            else:
                progress.expect("archive", total)

        pulled = sync.pull(source, target, show)
    refused = [{"name": name, "reason": reason} for name, reason in pulled.refused.items()]
    facts = {"from": source.place, "to": target.place} | asdict(pulled) | {"refused": refused}
    session.tell(facts, lambda: _print_pull(facts))
    sys.exit(FAILED if refused else 0)


def _print_pull(pulled: dict[str, Any]) -> None:
    items = pulled["objects"] + pulled["segments"]
    size = f"{pulled['bytes'] / 2**20:.1f} MiB"
    click.echo(f"{pulled['copied']} of {items} copied ({size}) from {pulled['from']} to {pulled['to']}")
    for refused in pulled["refused"]:
        click.echo(f"refused: {refused['reason']}")
    if not pulled["refused"]:
        click.echo("footpred run --source archive fills the raw tables from there")


@click.command()
@click.option("--sha256", required=True, help="The refused file, as its refusal names it.")
@because_option("Why fewer rows are right; kept beside it.")
@with_session
def accept(session: Session, sha256: str, because: str) -> None:
    """Let in a file refused because it holds over 2 % fewer rows than the one before; the next run loads it."""
    try:
        with session.connect() as connection:
            accepted = acceptance.accept(connection, session.archive, sha256, because)
    except acceptance.NothingToAccept as error:
        raise click.BadParameter(str(error), param_hint="--sha256") from error
    session.tell(
        {"sha256": accepted.sha256, "partition": accepted.partition_key, "because": accepted.because},
        f"{accepted.partition_key}: accepted, the next footpred run loads it",
    )
