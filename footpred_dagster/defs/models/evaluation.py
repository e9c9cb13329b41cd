"""How every candidate scores against the market, out of season."""

import dagster as dg

from footpred_dagster.core import backtest, metrics, odds, training
from footpred_dagster.core.backtest import windows
from footpred_dagster.core.dataset import played_before
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.metadata import table
from footpred_dagster.versions import CUT, code_version, cut_version

COLUMNS = ["window", "model", "league", "seasons", "n", "log_loss", "rps", "brier", "ece", "accuracy", "se"]


@dg.asset(
    key=["models", "evaluation"],
    group_name="models",
    owners=["team:footpred"],
    kinds={"python", "postgres"},
    code_version=code_version(backtest, metrics, odds, training),
    deps=[dg.AssetKey(["models", name]) for name in RECIPES],
)
def evaluation(warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """Log-loss, RPS, Brier, calibration and accuracy of candidates and market lines, by window and league."""
    as_of = clock.now()
    with warehouse.connect() as connection:
        frame = played_before(connection, as_of)
        rows = training.score_candidates(connection, frame, as_of)
        cut = training.training_cut(connection, as_of)
    shown = [
        (window, e.model, e.league, e.seasons, e.scores.n, *(round(getattr(e.scores, c), 4) for c in COLUMNS[5:]))
        for window, e in rows
        if e.league in ("all", "top5")
    ]
    note = windows(frame["season"], as_of).note
    return dg.MaterializeResult(
        metadata={"scores": table(COLUMNS, shown), "note": note or "full windows", CUT: cut},
        data_version=cut_version(repr(rows), cut),
    )


@dg.asset_check(asset=evaluation)
def elo_beats_the_base_rate(warehouse: Warehouse) -> dg.AssetCheckResult:
    """On all leagues, in every window that was judged: the least a rating must do."""
    with warehouse.connect() as connection:
        rows = connection.execute("""
            select "window", max(log_loss) filter (where model = 'elo_logit'),
                max(log_loss) filter (where model = 'base_rate')
            from models.evaluation where league = 'all' group by 1 order by 1
        """).fetchall()
    return dg.AssetCheckResult(
        passed=all(elo < base for _, elo, base in rows),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"log-loss": table(["window", "elo_logit", "base_rate"], rows)},
    )
