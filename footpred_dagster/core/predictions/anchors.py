"""Anchors of the ledger in the archive, beyond the reach of who can write to the database.

An anchor lies under ``anchors/<ledger>/<number>-<rows>-<head>-<instant>-<hash>``, a resume anchor with ``.resume``
behind it and its reason as the content. Anchors of older versions are named ``<rows>-<head>``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.predictions.ledger_verifier import Anchor

FOLDER = "anchors"
UNTIMED = re.compile(r"(\d+)-([0-9a-f]{64})")
TIMED = re.compile(r"(\d+)-(\d+)-([0-9a-f]{64}|empty)-([0-9]{8}T[0-9]{12}Z)-([0-9a-f]{64})(\.resume)?")
INSTANT = "%Y%m%dT%H%M%S%fZ"


def put_anchor(archive: Archive, ledger: str, anchor: Anchor) -> None:
    """Keep an anchor of a ledger (its uuid); one that contradicts it is kept beside it."""
    name = f"{anchor.rows:012d}-{anchor.head or 'empty'}"
    if anchor.at is not None:
        at = anchor.at.astimezone(UTC).strftime(INSTANT)
        name = f"{anchor.number:09d}-{name}-{at}-{anchor.hash}{'.resume' if anchor.because else ''}"
    body = (anchor.because or anchor.hash or anchor.head).encode()
    archive.put_file(f"{FOLDER}/{ledger}/{name}", body, f"the anchor of ledger row {anchor.rows}")


def archived_anchors(archive: Archive, ledger: str) -> list[Anchor]:
    """Every anchor of a ledger (its uuid); none for a new one."""
    folder = f"{FOLDER}/{ledger}"
    named = ((key, key.removeprefix(f"{folder}/")) for key in archive.files(folder))
    return [anchor for key, name in named if (anchor := _anchor(archive, key, name))]


def _anchor(archive: Archive, key: str, name: str) -> Anchor | None:
    if untimed := UNTIMED.fullmatch(name):
        return Anchor(int(untimed[1]), untimed[2])
    if not (parts := TIMED.fullmatch(name)):
        return None
    because = (archive.read_file(key) or b"").decode(errors="replace") if parts[6] else None
    at = datetime.strptime(parts[4], INSTANT).replace(tzinfo=UTC)
    head = "" if parts[3] == "empty" else parts[3]
    return Anchor(int(parts[2]), head, int(parts[1]), at, because, parts[5])
