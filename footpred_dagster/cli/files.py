"""``footpred inspect``, ``replay``, ``pull`` and ``accept``: single files of the source, on disk or in the archive."""

from __future__ import annotations

import json
import sys

import click

from footpred_dagster.cli.failures import FAILED
from footpred_dagster.cli.options import Reading, because_option, json_option, parsed
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.runner.selection import parse_digest


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--league", type=click.Choice(list(LEAGUES)), help="Division it should be of.")
@click.option("--season", callback=parsed(Season.parse), help="Season it should be of: 2526.")
@json_option
def inspect(file: str, league: str | None, season: Season | None, as_json: bool) -> None:
    """Tell whether a run would accept a file, and what it would read from it, without loading anything.

    League and season are taken from the path (mmz4281/2526/E0.csv), the file's name or its rows where not given. Where
    this home holds loads, the file is compared with the last ones. Exit code 1 when the file would be refused.
    """
    from footpred_dagster.cli import inspection

    found = inspection.inspect_file(file, league, season)
    inspection.print_inspection(found, as_json=as_json)
    sys.exit(0 if found.accepted or found.not_published else FAILED)


@click.command()
@click.option("--sha256", "digest", required=True, callback=parsed(parse_digest), help="The body: 64 hex digits.")
@click.option("--league", help="Its league: E0, ARG. Default: what the fetch log says.")
@click.option("--season", callback=parsed(Season.parse), help="Its season: 2425.")
@json_option
def replay(digest: str, league: str | None, season: Season | None, as_json: bool) -> None:
    """Load one archived file again, from its bytes; the next run goes back to the newest."""
    from footpred_dagster.cli import archive_commands

    done = archive_commands.replay(digest, league, season)
    archive_commands.print_replay(done, as_json=as_json)
    sys.exit(FAILED if done["state"] == "refused" else 0)


@click.command()
@click.option("--from", "url", help="s3://bucket/prefix or file:///folder. Default: FOOTPRED_STORAGE_URL.")
@json_option
def pull(url: str | None, as_json: bool) -> None:
    """Copy what the archive in this home lacks from another one, each object verified."""
    from footpred_dagster.cli import archive_commands

    pulled = archive_commands.pull(url)
    archive_commands.print_pull(pulled, as_json=as_json)
    sys.exit(FAILED if pulled["refused"] else 0)


@click.command(cls=Reading)
@click.option("--league", type=click.Choice(list(LEAGUES)), help="Only of this league.")
@click.option("--season", callback=parsed(Season.parse), help="Only of this season: 2425.")
@click.option("--reason", help="Only for this reason: bad_name, row_not_aligned.")
@json_option
def quarantine(league: str | None, season: Season | None, reason: str | None, as_json: bool) -> None:
    """List rows and values of the loaded files that failed the parser's checks, with file, line, column and reason."""
    from footpred_dagster.cli import quarantine as listing

    listing.print_quarantined(listing.quarantined(league, season, reason), as_json=as_json)


@click.command()
@click.option("--sha256", required=True, help="The refused file, as its refusal names it.")
@because_option("Why fewer rows are right; kept beside it.")
@json_option
def accept(sha256: str, because: str, as_json: bool) -> None:
    """Let in a file refused because it holds over 2 % fewer rows than the one before; the next run loads it."""
    from footpred_dagster.core.archive.locations import open_archive
    from footpred_dagster.core.database.connection import connect_migrated
    from footpred_dagster.core.settings import Settings
    from footpred_dagster.sources.fetching.acceptance import NothingToAccept
    from footpred_dagster.sources.fetching.acceptance import accept as let_in

    settings = Settings.from_env()
    try:
        with connect_migrated(settings) as connection:
            accepted = let_in(connection, open_archive(settings), sha256, because)
    except NothingToAccept as error:
        raise click.BadParameter(str(error), param_hint="--sha256") from error
    click.echo(
        json.dumps({"sha256": accepted.sha256, "partition": accepted.partition_key, "because": accepted.because})
        if as_json
        else f"{accepted.partition_key}: accepted, the next footpred run loads it"
    )
