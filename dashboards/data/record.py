"""The track record from one of several kinds of evidence, in one shape: what was sealed, or what was backtested."""

from __future__ import annotations

from dashboards.data import models
from dashboards.reader import Reader, Row

SOURCES = {
    "live": "Sealed before kickoff",
    "replay": "Replays",
    "final": "Backtest: final test",
    "calibration": "Backtest: calibration",
    "selection": "Backtest: selection",
}


def available(reader: Reader) -> list[str]:
    """Kinds of evidence there is any of, the strongest first."""
    kinds = {row["kind"] for row in models.track_record(reader) if row["slice"] == "all"}
    spans = {row["span"] for row in models.evaluation(reader)}
    return [source for source in SOURCES if source in kinds | spans]


def record(reader: Reader, source: str) -> list[Row]:
    """Rows of model, slice (all, league, season and more), value, n and scores; the champion under that name."""
    if source in ("live", "replay"):
        return [row for row in models.track_record(reader) if row["kind"] == source]
    crowned = models.champion(reader)
    ours = crowned["name"] if crowned else None
    rows = [
        row | {"slice": "all" if row["league"] in ("all", "top5") else "league", "value": row["league"]}
        for row in models.evaluation(reader)
        if row["span"] == source
    ]
    rows += [row for row in models.slices(reader) if row["span"] == source]
    return [row | {"model": "champion" if row["model"] == ours else row["model"]} for row in rows]


def seasons_of(reader: Reader, source: str) -> str | None:
    """Site codes such as ``2324,2425`` of a backtest window."""
    return next((row["seasons"] for row in models.evaluation(reader) if row["span"] == source), None)


def reliability(reader: Reader, source: str) -> list[Row]:
    """Bins of the champion: predicted, observed, low, high, n."""
    if source in ("live", "replay"):
        return [row for row in models.sealed_reliability(reader) if (row["kind"], row["model"]) == (source, "champion")]
    crowned = models.champion(reader)
    return models.backtest_reliability(reader, source, crowned["name"]) if crowned else []


def gaps_by_league(reader: Reader, source: str) -> list[Row]:
    """How far the champion's log-loss is behind the closing line's on the same matches: value, gap, low, high, n.

    Bounds are None where there are too few match weeks for an interval.
    """
    if source in ("live", "replay"):
        turned = [
            models.turn(row, "against", "against_low", "against_high")
            for row in models.track_record(reader)
            if (row["kind"], row["model"], row["slice"]) == (source, "market_closing", "league")
            and row["against"] is not None
        ]
        return [
            {"value": row["value"], "gap": row["against"], "low": row["against_low"], "high": row["against_high"]}
            | {"n": row["n"]}
            for row in turned
        ]
    crowned = models.champion(reader)
    return models.gaps_to_closing(reader, source, crowned["name"]) if crowned else []
