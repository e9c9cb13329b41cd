"""How the constants of the ratings were chosen: one at a time, by the log-loss of the logit on seasons before any test.

``python -m footpred_dagster.core.training.ratings_study strengths.DRIFT 1e-5 3e-5 1e-4`` tries each value on the
warehouse of this home and prints what it gives; about 20 s a value on 32 seasons. Nothing is written: a better value is
committed by hand, with what it gained.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd

from footpred_dagster.core.database.connection import connect
from footpred_dagster.core.domain import Season
from footpred_dagster.core.evaluation.scores import evaluate, league_groups
from footpred_dagster.core.evaluation.walk_forward import predictions_for
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.models.logit import StrengthLogit
from footpred_dagster.core.ratings.current import Raters
from footpred_dagster.core.ratings.history import rate
from footpred_dagster.core.ratings.store import History, read_history
from footpred_dagster.core.settings import Settings

SEASONS = tuple(str(Season(year)) for year in range(2018, 2023))
"""What constants may be chosen on: the final window of an evaluation begins after them."""


def tried(known: History, frame: pd.DataFrame, constant: str, values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield each value of ``constant`` ("elo.K") with the log-loss over SEASONS; the constant is put back."""
    module_name, _, name = constant.partition(".")
    module = importlib.import_module(f"footpred_dagster.core.ratings.{module_name}")
    committed = getattr(module, name)
    try:
        for value in values:
            setattr(module, name, type(committed)(value))
            yield value, log_loss(known, frame)
    finally:
        setattr(module, name, committed)


def log_loss(known: History, frame: pd.DataFrame) -> float:
    """Of the logit, over all divisions, with ratings made anew."""
    rated = pd.DataFrame(rate(Raters.fresh(known.matches), known.matches), index=known.spine["match_id"])
    again = frame.assign(**{str(name): rated[name].loc[frame["match_id"]].to_numpy() for name in rated})
    predictions = predictions_for([StrengthLogit.name], again, SEASONS)
    groups = {"all": league_groups(frame["league"].unique())["all"]}
    return evaluate(predictions, again, SEASONS, groups)[0].scores.log_loss


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("constant", help="module and name, as strengths.DRIFT")
    parser.add_argument("values", nargs="+", type=float)
    asked = parser.parse_args(arguments)
    with connect(Settings.from_env()) as connection:
        known = read_history(connection)
        frame = played_before(connection, datetime(int(SEASONS[-1][:4]) + 1, 7, 1, tzinfo=UTC))
    for value, loss in tried(known, frame, asked.constant, asked.values):
        sys.stdout.write(f"{asked.constant} {value:g}: log-loss {loss:.5f} on {SEASONS[0]} to {SEASONS[-1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
