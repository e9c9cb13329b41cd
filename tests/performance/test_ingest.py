"""How long the raw layer and the ratings take on the full history, each beside a peer in the same run."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pandas as pd
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.ratings.elo import Elo
from footpred_dagster.core.ratings.history import rate
from footpred_dagster.sources.football_data.results import parse_results
from tests.support.history import Game, matches
from tests.support.timing import best, report

pytestmark = pytest.mark.bench


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

    ours = best(lambda: [parse_results(*file) for file in files])
    report(f"parse {len(files)} files", ours, "pandas.read_csv", best(peer))


def test_elo_over_a_long_history_beside_a_bare_loop() -> None:
    """The bare loop updates two dictionary entries a match, with neither days nor tiers nor margins."""
    dice = random.Random(7)
    games = []
    for number in range(240_000):
        home, away = dice.sample(range(700), 2)
        games.append(Game(number // 20, home, away, (dice.randrange(5), dice.randrange(4))))
    history = matches(games)

    def peer() -> None:
        ratings: dict[int, float] = {}
        for game in games:
            home, away = ratings.get(game.home, 1500.0), ratings.get(game.away, 1500.0)
            change = 16 * (game.score[0] > game.score[1]) - 16 / (1 + 10 ** ((away - home) / 400))
            ratings[game.home], ratings[game.away] = home + change, away - change

    report("Elo over 240 000 matches", best(lambda: rate(Elo(700), history)), "bare loop", best(peer))
