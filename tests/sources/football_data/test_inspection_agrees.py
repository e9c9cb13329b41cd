"""``footpred inspect`` and a load give one answer about every known defective file, with and without earlier loads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.domain import EXTRA_LEAGUES, Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH, Fetched, results_path
from footpred_dagster.sources.fetching.fetch import Target, fetch
from footpred_dagster.sources.football_data.admission import admit
from footpred_dagster.sources.football_data.inspection import Inspection, inspect_body
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from footpred_dagster.sources.parsing.records import ParsedFile
from footpred_dagster.sources.raw_source import Loaded
from tests.conftest import DATA

FILES = sorted([*DATA.parent.glob("cases/*.csv"), *DATA.glob("quirks/*.csv")])


class OneFile:
    """A source that serves the same bytes for every path."""

    name, rate_limited = "one file", False

    def __init__(self, body: bytes) -> None:
        self.body = body

    def fetch(self, path: str, _known: object = None) -> Fetched:
        return Fetched(path, 200, self.body, None, None, 0.0)

    def close(self) -> None:
        """Nothing is open."""


def address(file: Path) -> tuple[str, Season] | None:
    """League and season that a file is requested as: words of its name, else what it holds; None for fixtures."""
    found = inspect_body(file.read_bytes(), Path(file.stem.replace("mmz4281_", "") + ".csv"))
    if found.kind == "fixtures" or "fixtures" in file.stem:
        return None
    words = file.stem.split("_")
    league = next((word for word in reversed(words) if word == found.league or word in EXTRA_LEAGUES), "E0")
    if league in EXTRA_LEAGUES:
        return league, Season(2016, autumn=False) if league == "USA" else Season(2016)
    code = next((word for word in words if word.isdigit() and len(word) == 4), "2526")
    return league, Season.parse(code)


def load(connection: psycopg.Connection, archive: LocalArchive, pair: tuple[str, Season] | None, body: bytes) -> Loaded:
    target: Target = results_target(*pair) if pair else FIXTURES
    fetch(connection, archive, OneFile(body), [target])
    return load_results(connection, archive, *pair) if pair else load_fixtures(connection, archive)


def verdict(found: Inspection) -> tuple[bool, str]:
    return found.accepted, (found.reason or "").partition(":")[0]


@pytest.mark.real_data
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_inspect_says_what_a_load_does(file: Path, data_dir: Path, warehouse, archive) -> None:
    body, pair = file.read_bytes(), address(file)
    digest = hashlib.sha256(body).hexdigest()
    path = Path(results_path(*pair) if pair else FIXTURES_PATH)

    def by_last_loads(league: str, season: Season, sha256: str, parsed: ParsedFile) -> ParsedFile:
        assert sha256 == digest
        return admit(warehouse, league, season, sha256, parsed)

    def loaded() -> tuple[bool, str]:
        done = load(warehouse, archive, pair, body)
        return done.state != "refused", (done.detail or "").partition(":")[0]

    assert verdict(inspect_body(body, path)) == loaded()
    good = data_dir / "site" / path
    if pair and pair[0] not in EXTRA_LEAGUES and good.exists() and good.read_bytes() != body:
        load(warehouse, archive, pair, good.read_bytes())
        assert verdict(inspect_body(body, path, admit=by_last_loads)) == loaded()
