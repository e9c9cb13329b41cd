"""How long the raw layer and the ratings take on the full history, each beside a peer in the same run."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.models.ratings import RatedMatch, elo
from footpred_dagster.sources.football_data import parse_results

pytestmark = pytest.mark.bench
REPEATS = 3


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs: what else the machine did is not counted."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _report(what: str, ours: float, peer: str, theirs: float) -> None:
    print(f"\n{what}: {ours:.2f} s; {peer}: {theirs:.2f} s; ratio {ours / theirs:.2f}")  # noqa: T201


@pytest.mark.real_data
def test_parsing_every_file_beside_pandas_reading_them(data_dir: Path) -> None:
    """pandas only splits cells; the parser also types, checks and quarantines."""
    files = [
        (path.read_bytes(), path.stem, Season.parse(path.parent.name))
        for path in sorted((data_dir / "site" / "mmz4281").glob("*/*.csv"))
    ]

    def peer() -> None:
        for body, _, _ in files:
            # Ragged rows end its fast path; cp1252 never fails to decode.
            pd.read_csv(io.BytesIO(body), encoding="cp1252", encoding_errors="replace", on_bad_lines="skip", dtype=str)

    ours = _best(lambda: [parse_results(*file) for file in files])
    _report(f"parse {len(files)} files", ours, "pandas.read_csv", _best(peer))


def test_elo_over_a_long_history_beside_a_bare_loop() -> None:
    """The bare loop updates two dictionary entries a match, with neither days nor tiers nor margins."""
    dice = random.Random(7)
    day = date(1993, 7, 1)
    matches = []
    for number in range(240_000):
        home, away = dice.sample(range(700), 2)
        score = (dice.randrange(5), dice.randrange(4))
        matches.append(RatedMatch(str(number), day + timedelta(days=number // 20), 1, str(home), str(away), *score))

    def peer() -> None:
        ratings: dict[str, float] = {}
        for match in matches:
            home, away = ratings.get(match.home_id, 1500.0), ratings.get(match.away_id, 1500.0)
            change = 16 * ((match.home_goals or 0) > (match.away_goals or 0)) - 16 / (1 + 10 ** ((away - home) / 400))
            ratings[match.home_id], ratings[match.away_id] = home + change, away - change

    _report("Elo over 240 000 matches", _best(lambda: list(elo(matches))), "bare loop", _best(peer))
