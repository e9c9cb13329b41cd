"""How the models score, who is champion and why, and what the market knows better."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboards.reader import Reader, Row
from footpred_dagster.core.calibration_curve import Z_95, Bin, reliability
from footpred_dagster.core.metrics import log_losses
from footpred_dagster.core.odds import power_devig

NAMES = {
    "champion": "Champion",
    "stack": "Stack",
    "xgboost": "XGBoost",
    "strength_logit": "Strength logit",
    "dixon_coles": "Dixon-Coles",
    "elo_logit": "Elo logit",
    "elo": "Elo logit",
    "base_rate": "Base rate",
    "market_aware": "Market-aware",
    "market_opening": "Opening line",
    "market_closing": "Closing line",
}


def named(model: str) -> str:
    return NAMES.get(model, model)


def champion(reader: Reader) -> Row | None:
    """The promotion in force with its version; None before the first."""
    return reader.row("""
        select promotions.*, versions.fingerprint, versions.artifact_sha256, versions.recipe, versions.training_rows,
            versions.profile, versions.created_at, versions.mlflow_run_id, versions.mlflow_version
        from models.promotions left join models.versions using (name, version)
        order by promotion_id desc limit 1
    """)


def promotions(reader: Reader) -> list[Row]:
    return reader.rows("""
        select promotion_id, decided_at, as_of, name, version, decision, actor, because, reasons
        from models.promotions order by promotion_id desc limit 50
    """)


def interventions(reader: Reader) -> list[Row]:
    return reader.rows("select * from models.interventions order by intervention_id desc limit 50")


def candidates(reader: Reader) -> list[Row]:
    return reader.rows("""
        select candidates.name, candidates.version, candidates.trained_at, versions.training_rows, versions.profile,
            versions.fingerprint, versions.mlflow_run_id
        from models.candidates inner join models.versions using (name, version) order by candidates.name
    """)


def looks(reader: Reader) -> Row:
    return reader.rows("select count(*) as n, max(looked_at) as newest from models.looks")[0]


def evaluation(reader: Reader) -> list[Row]:
    return reader.rows('select *, "window" as span from models.evaluation order by log_loss')


def slices(reader: Reader) -> list[Row]:
    return reader.rows('select *, "window" as span from models.slices order by slice, value, log_loss')


def against(reader: Reader, ours: str) -> list[Row]:
    """``ours`` beside every other on the seasons of selection: what it saves of their log-loss, the most first."""
    rows = reader.rows(
        """
        select model, against, n, difference, low, high from models.comparisons
        where "window" = 'selection' and league = 'all' and %(ours)s in (model, against)
        """,
        {"ours": ours},
    )
    turned = [
        row
        if row["model"] == ours
        else row | {"against": row["model"], "difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
        for row in rows
    ]
    return sorted(turned, key=lambda row: -row["difference"])


def track_record(reader: Reader) -> list[Row]:
    return reader.rows("select * from predictions.track_record")


def sealed_reliability(reader: Reader) -> list[Row]:
    return reader.rows("select * from predictions.reliability order by kind, model, bin")


def backtests(reader: Reader, seasons: str) -> list[Row]:
    """Of the champion's recipe on seasons such as ``2324,2425``, none of which it was fitted on.

    One row per league with arrays in one order: p_home, p_draw, p_away, outcome, and closing odds (nan without).
    """
    return reader.rows(
        """
        with champion as (
            select name, recipe from models.promotions inner join models.versions using (name, version)
            order by promotion_id desc limit 1
        )
        select past.league, array_agg(past.p_home order by match_id) as p_home,
            array_agg(past.p_draw order by match_id) as p_draw, array_agg(past.p_away order by match_id) as p_away,
            array_agg(matches.outcome order by match_id) as outcome,
            array_agg(coalesce(matches.closing_odds_home, 'nan') order by match_id) as odds_home,
            array_agg(coalesce(matches.closing_odds_draw, 'nan') order by match_id) as odds_draw,
            array_agg(coalesce(matches.closing_odds_away, 'nan') order by match_id) as odds_away
        from champion inner join models.walk_forward as past on past.model = champion.name
            and past.recipe = champion.recipe
        inner join marts.fct_matches as matches using (match_id)
        where matches.outcome is not null and substr(past.season, 3, 2) = any(%(starts)s)
        group by past.league order by past.league
        """,
        {"starts": [code[:2] for code in seasons.split(",")]},
    )


def backtest_reliability(rows: list[Row]) -> list[Bin]:
    if not rows:
        return []
    outcomes = np.concatenate([row["outcome"] for row in rows])
    return reliability(np.vstack([_columns(row, "p") for row in rows]), outcomes)


def gaps_to_closing(rows: list[Row]) -> list[Row]:
    """Log-loss of the champion less that of the closing line, match by match: mean, 95 % bounds and n by league."""
    found = []
    for row in rows:
        ours, line = _columns(row, "p"), power_devig(_columns(row, "odds"))
        priced = np.isfinite(line).all(axis=1)
        if priced.sum() < 2:
            continue
        outcomes = np.array(row["outcome"])[priced]
        gap = log_losses(ours[priced], outcomes) - log_losses(line[priced], outcomes)
        mean, reach = float(gap.mean()), Z_95 * float(gap.std(ddof=1)) / float(np.sqrt(len(gap)))
        found.append({"value": row["league"], "gap": mean, "low": mean - reach, "high": mean + reach, "n": len(gap)})
    return found


def _columns(row: Row, prefix: str) -> npt.NDArray[np.float64]:
    return np.array([row[f"{prefix}_{side}"] for side in ("home", "draw", "away")], dtype=float).T


def span(seasons: str) -> str:
    """``2324,2425`` as ``2023-25``, one season as ``2023-24``."""
    codes = seasons.split(",")
    first, last = codes[0], codes[-1]
    century = "19" if int(first[:2]) > 90 else "20"
    return f"{century}{first[:2]}–{last[2:]}"


def honest_number(reader: Reader) -> str | None:
    """What a prediction is worth, in one sentence, from live sealed predictions once there are any, else backtests."""
    live = {row["model"]: row for row in track_record(reader) if (row["kind"], row["slice"]) == ("live", "all")}
    if "champion" in live and live["champion"]["n"] >= 300:
        where, found = "sealed before kickoff", live
    else:
        crowned = champion(reader)
        rows = [row for row in evaluation(reader) if (row["span"], row["league"]) == ("final", "all")]
        found = {row["model"]: row for row in rows}
        if not crowned or crowned["name"] not in found:
            return None
        found["champion"] = found[crowned["name"]]
        where = f"of {span(found['champion']['seasons'])}, which the model had not seen"
    ours = found["champion"]
    parts = [f"log-loss {ours['log_loss']:.4f} on {ours['n']:,} matches {where}".replace(",", "\u202f", 1)]
    if base := found.get("base_rate"):
        parts.append(f"guessing base rates gives {base['log_loss']:.4f}")
    if market := found.get("market_closing"):
        verdict = "the market knows more" if market["log_loss"] < ours["log_loss"] else "no worse than the market here"
        parts.append(f"a bookmaker's closing line {market['log_loss']:.4f}: {verdict}")
    return "; ".join(parts)
