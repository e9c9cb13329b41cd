"""How every candidate scores against the market, out of season."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.evaluation import holdout_log, tables
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.statistics import bootstrap
from footpred_dagster.core.training.train import training_cut
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import model
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.orchestration.versions import CUT, cut_version

COLUMNS = ["window", "model", "league", "seasons", "n", "log_loss", "rps", "brier", "ece", "accuracy", "se"]
PAIRED = ["window", "model", "against", "n", "weeks", "better by", "s.e.", "low", "high"]


@dg.asset(
    key=["models", "evaluation"],
    group_name="models",
    owners=["team:footpred"],
    pool="training",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    deps=[model(name) for name in ALL_RECIPES],
)
def evaluation(warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """Log-loss, RPS, Brier, calibration and accuracy of candidates and market lines, by window, league and kind of
    match, and who beats whom on the same matches. Each run is a look at the final window, and counted."""
    as_of = clock.now()
    with warehouse.connect() as connection:
        frame = played_before(connection, as_of)
        found = tables.score_candidates(connection, frame, as_of)
        further = tables.further_temperatures(connection, frame, as_of)
        looked = holdout_log.looks(connection, found.judged.final)
        cut = training_cut(connection, as_of)
    scores = [
        (window, e.model, e.league, e.seasons, e.scores.n, *(round(getattr(e.scores, c), 4) for c in COLUMNS[5:]))
        for window, e in found.by_league
        if e.league in ("all", "top5")
    ]
    paired = [
        (p.window, p.model, p.against, p.result.n, p.result.weeks, *_interval(p.result))
        for p in found.paired
        if p.league == "all"
    ]
    return dg.MaterializeResult(
        metadata={
            "scores": table(COLUMNS, scores),
            "paired": table(PAIRED, paired),
            "looks at the final window": looked,
            "further temperature on the calibration window": {n: round(t, 3) for n, t in further.items()},
            "note": found.judged.note or "full windows",
            CUT: cut,
        },
        data_version=cut_version(repr((found.by_league, found.by_slice, found.paired)), cut),
    )


def _interval(result: bootstrap.Comparison) -> tuple[float | str, ...]:
    """Difference, standard error and bounds; empty where there are too few weeks."""
    numbers = (result.difference, result.se, result.low, result.high)
    return tuple("" if (value := bootstrap.finite(number)) is None else round(value, 4) for number in numbers)


@dg.asset_check(asset=evaluation)
def elo_beats_the_base_rate(warehouse: Warehouse) -> dg.AssetCheckResult:
    """On all leagues, in every window that was judged: the least a rating must do."""
    with warehouse.connect() as connection:
        rows = connection.execute("""
            select "window", max(log_loss) filter (where model = 'elo_logit'),
                max(log_loss) filter (where model = 'base_rate')
            from models.evaluation where league = 'all' group by 1 order by 1
        """).fetchall()
    unjudged = [window for window, *losses in rows if None in losses]
    return dg.AssetCheckResult(
        passed=not unjudged and all(elo < base for _, elo, base in rows),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{', '.join(unjudged)}: no predictions of today's code; materialize models/elo_logit and "
        "models/base_rate, then models/evaluation"
        if unjudged
        else None,
        metadata={"log-loss": table(["window", "elo_logit", "base_rate"], rows)},
    )
