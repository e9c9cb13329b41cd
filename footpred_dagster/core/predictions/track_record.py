"""The track record: how the champion's sealed predictions did, beside shadows and the closing line on the same matches.

Of several predictions of a match the last before kickoff counts, and of live ones that of the champion in force at the
kickoff, whichever role it was sealed in. Live rows and replays are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.domain import Season
from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.evaluation.scores import mean_loss
from footpred_dagster.core.evaluation.slices import phases
from footpred_dagster.core.predictions.settlement import CLOSING
from footpred_dagster.core.statistics.bootstrap import Comparison, WeeklyMean, compare, finite
from footpred_dagster.core.statistics.reliability import Bin, reliability
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, Scores, log_losses, score

CHAMPION, CLOSING_LINE = "champion", "market_closing"
LEADS = {"under 1 day": 24.0, "1 to 3 days": 72.0, "3 to 7 days": 168.0, "over 7 days": np.inf}
"""From as_of to kickoff, in hours."""
SLICES = ("all", "league", "season", "month", "phase", "lead")


@dataclass(frozen=True, slots=True)
class Record:
    """One model over one slice; ``loss``: its mean log-loss by match week; ``against``: that less the champion's, None
    for the champion itself."""

    kind: str
    model: str
    slice: str
    value: str
    scores: Scores
    loss: WeeklyMean
    against: Comparison | None


def settled_predictions(connection: psycopg.Connection, as_of: datetime) -> pd.DataFrame:
    """Every scored prediction of a match before ``as_of`` with its result, closing odds and what slices need.

    ``in_force``: of live rows, the recipe that was champion at the kickoff, else null.
    """
    query = sql.SQL("""
        select seq, match_id, scores.kickoff, kind, role, model_name, league, season, outcome, lead_hours,
            champion.name as in_force, {numbers}
        from predictions.latest_scores as scores
        left join lateral (
            select name from models.decisions
            where name is not null and decided_at <= scores.kickoff and scores.kind = 'live'
            order by promotion_id desc limit 1
        ) as champion on true
        where scores.kickoff < {as_of} order by scores.as_of, seq
    """).format(
        numbers=sql.SQL(", ").join(sql.Identifier(name) for name in (*PROBABILITIES, *CLOSING)),
        as_of=sql.Literal(as_of),
    )
    floats = (*PROBABILITIES, *CLOSING, "lead_hours")
    frame = read_frame(connection, query, floats=floats, instants=("kickoff",)).astype({"outcome": "int64"})
    hours = frame["lead_hours"]
    return frame.assign(
        all="all",
        month=frame["kickoff"].dt.strftime("%Y-%m"),
        lead=np.select([hours < bound for bound in LEADS.values()], list(LEADS), ""),
        phase=frame["match_id"].map(_phase_of_match(connection, as_of)).fillna("between"),
    )


def track_record(settled: pd.DataFrame) -> Iterator[Record]:
    """Scores of every model in every slice of ``settled`` in which the champion predicted."""
    for kind, rows in settled.groupby("kind"):
        for name in SLICES:
            for value, matches in rows.groupby(name):
                forecasts = _forecasts(matches)
                for model, forecast in forecasts.items():
                    record = _record(forecast, forecasts[CHAMPION]) if model != CHAMPION else None
                    loss = mean_loss(_probabilities(forecast), _outcomes(forecast), forecast["kickoff"])
                    yield Record(str(kind), model, name, str(value), _scores(forecast), loss, record)


def reliabilities(settled: pd.DataFrame) -> Iterator[tuple[str, str, Bin]]:
    """``(kind, model, bin)`` for the champion and the closing line."""
    for kind, rows in settled.groupby("kind"):
        forecasts = _forecasts(rows)
        for model in (CHAMPION, CLOSING_LINE):
            if model in forecasts:
                found = forecasts[model]
                yield from ((str(kind), model, each) for each in reliability(_probabilities(found), _outcomes(found)))


def store(connection: psycopg.Connection, settled: pd.DataFrame) -> list[Record]:
    """Replace both tables by what ``settled`` gives, in the caller's transaction."""
    records = list(track_record(settled))
    columns = (
        "kind, model, slice, value, n, log_loss, se, rps, brier, accuracy, weeks, low, high, against, against_low, "
        "against_high"
    )
    with connection.cursor() as cursor:
        cursor.execute("delete from predictions.track_record; delete from predictions.reliability")
        with cursor.copy(f"copy predictions.track_record ({columns}) from stdin") as copy:
            for each in records:
                s, loss, paired = each.scores, each.loss, each.against
                gap = (paired.difference, finite(paired.low), finite(paired.high)) if paired else (None, None, None)
                scores = (s.n, s.log_loss, s.se, s.rps, s.brier, s.accuracy)
                interval = (loss.weeks, finite(loss.low), finite(loss.high))
                copy.write_row((each.kind, each.model, each.slice, each.value, *scores, *interval, *gap))
        statement = "copy predictions.reliability (kind, model, bin, n, predicted, observed, low, high) from stdin"
        with cursor.copy(statement) as copy:
            for kind, model, bar in reliabilities(settled):
                copy.write_row((kind, model, bar.place, bar.n, bar.claimed, bar.observed, bar.low, bar.high))
    return records


def _forecasts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The last prediction of each match by each model, indexed by match, on the champion's matches alone."""
    champion = _last(_credited(rows))
    if champion.empty:
        return {}
    found = {CHAMPION: champion}
    for model, own in rows.groupby("model_name"):
        last = _last(own)
        found[str(model)] = last.loc[last.index.intersection(champion.index)]
    line = champion.assign(
        **dict(zip(PROBABILITIES, power_devig(champion[list(CLOSING)].to_numpy(dtype=float)).T, strict=True))
    )
    found[CLOSING_LINE] = line.dropna(subset=PROBABILITIES)
    return {model: forecast for model, forecast in found.items() if len(forecast)}


def _credited(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each match the rows of the champion in force at its kickoff, else what was sealed as champion's."""
    own = rows[rows["model_name"] == rows["in_force"]]
    return pd.concat([own, rows[(rows["role"] == CHAMPION) & ~rows["match_id"].isin(own["match_id"])]])


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("match_id", keep="last").set_index("match_id")


def _record(forecast: pd.DataFrame, champion: pd.DataFrame) -> Comparison | None:
    both = champion.loc[forecast.index]
    theirs, ours = (log_losses(_probabilities(rows), _outcomes(rows)) for rows in (forecast, both))
    return compare(ours, theirs, both["kickoff"])


def _scores(forecast: pd.DataFrame) -> Scores:
    return score(_probabilities(forecast), _outcomes(forecast))


def _probabilities(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    return rows[PROBABILITIES].to_numpy(dtype=float)


def _outcomes(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    return rows["outcome"].to_numpy(dtype=np.int64)


def _phase_of_match(connection: psycopg.Connection, as_of: datetime) -> dict[str, str]:
    """Phase of the season by match, of every league and season that was scored; one under way has no end yet."""
    tables = ("home_table_matches", "away_table_matches")
    query = sql.SQL("""
        select match_id, league, season, {tables} from features.fct_match_features
        where (league, season) in (select league, season from predictions.scores)
    """).format(tables=sql.SQL(", ").join(sql.Identifier(name) for name in tables))
    frame = read_frame(connection, query, floats=tables)
    if frame.empty:
        return {}
    complete = frame["season"].map({name: Season.parse(name).end <= as_of for name in frame["season"].unique()})
    found = phases(frame)
    found[~complete.to_numpy() & (found == "last five")] = "between"
    return dict(zip(frame["match_id"], found.tolist(), strict=True))
