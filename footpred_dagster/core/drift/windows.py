"""Which matches are compared with which: the newest season with seasons before it, as far into each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.drift.findings import Finding, Window, feature_drift, outcome_mix, prediction_drift
from footpred_dagster.core.drift.forecasts import calibration, skill
from footpred_dagster.core.evaluation.stored_predictions import stored_predictions
from footpred_dagster.core.features.contract import FEATURE_NAMES
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from footpred_dagster.core.training.train import training_cut

REFERENCE_SEASONS = 2
MIX_REFERENCE = "2018-19"
"""Outcomes are compared with the last season before stadiums stood empty, where it is loaded. Seasons that follow each
other would take 2020-21 for the rule and raise the alarm when 2022-23 went back to normal (p = .0008)."""
SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Windows:
    """What is compared. ``reference`` is for everything but outcomes, ``mix_reference`` for those; ``history`` are
    complete seasons between that and the current one. Windows may be empty."""

    current: Window
    reference: Window
    mix_reference: Window
    history: tuple[Window, ...] = ()


def drift_cut(connection: psycopg.Connection, as_of: datetime) -> str:
    """What ``as_of`` lets drift see, as text: played matches, and sealed predictions of them."""
    row = connection.execute("select count(*) from predictions.latest_scores where kickoff < %s", [as_of]).fetchone()
    return f"{training_cut(connection, as_of)}, {row[0] if row else 0} sealed predictions settled"


def foretold_matches(connection: psycopg.Connection, as_of: datetime) -> pd.DataFrame:
    """Matches before ``as_of`` (``dataset.played_before``) of the seasons that windows are made of, with what was
    foretold of each, and by what ``source``.

    That is what the champion of its day sealed live; else what the recipe of today's champion predicts out of season;
    else a replay. NaN where there is none.
    """
    frame = played_before(connection, as_of, since=_first_season(connection, as_of))
    by_source = dict(tuple(_sealed(connection, frame).groupby("kind")))
    in_force = champion(connection)
    if in_force:
        stored = stored_predictions(connection, frame, {in_force.name: in_force.recipe})
        by_source["walk-forward"] = stored.get(in_force.name, pd.DataFrame(columns=PROBABILITIES, dtype=float))
    nothing = pd.DataFrame(float("nan"), index=frame.index, columns=PROBABILITIES)
    foretold = nothing.assign(**{SOURCE: ""})
    for source in ("replay", "walk-forward", "live"):
        if source in by_source:
            found = by_source[source]
            foretold.loc[found.index, [*PROBABILITIES, SOURCE]] = found[PROBABILITIES].assign(**{SOURCE: source})
    return frame.join(foretold)


def _first_season(connection: psycopg.Connection, as_of: datetime) -> str:
    rows = connection.execute(
        """
        select distinct season from intermediate.int_matches
        where status = 'played' and kickoff < %s and league = any(%s) order by season desc limit %s
        """,
        [as_of, list(MAIN_LEAGUES), 1 + REFERENCE_SEASONS],
    ).fetchall()
    return min([MIX_REFERENCE, *(str(season) for (season,) in rows)])


def _sealed(connection: psycopg.Connection, frame: pd.DataFrame) -> pd.DataFrame:
    """The champion's last settled prediction of each match and kind, indexed like ``frame``."""
    query = sql.SQL("""
        select distinct on (kind, match_id) kind, match_id, {probabilities} from predictions.latest_scores
        where role = 'champion' order by kind, match_id, as_of desc, seq desc
    """).format(probabilities=sql.SQL(", ").join(map(sql.Identifier, PROBABILITIES)))
    sealed = read_frame(connection, query, floats=PROBABILITIES)
    index = pd.Series(frame.index, index=frame["match_id"])
    sealed = sealed[sealed["match_id"].isin(index.index)]
    return sealed.set_index(index.loc[sealed["match_id"]].to_numpy())


def windows_of(frame: pd.DataFrame, as_of: datetime) -> Windows:
    """The windows of ``frame``, ordered by kickoff: its newest season, whole or so far, with the two before it."""
    seasons = sorted(frame["season"].unique())
    if not seasons:
        nothing = Window("none", frame)
        return Windows(nothing, nothing, nothing)
    newest, before = seasons[-1], seasons[:-1]
    under_way = Season.parse(newest).end > as_of
    current = Window(f"{newest} so far" if under_way else newest, frame[frame["season"] == newest])
    usual = before[-REFERENCE_SEASONS:]
    fixed = [MIX_REFERENCE] if MIX_REFERENCE in before else usual
    between = [season for season in before if season > fixed[-1]] if fixed else []
    return Windows(
        current,
        _like(frame, usual, current, so_far=under_way),
        _like(frame, fixed, current, so_far=under_way),
        tuple(Window(season, frame[frame["season"] == season]) for season in between),
    )


def _like(frame: pd.DataFrame, seasons: Iterable[str], current: Window, *, so_far: bool) -> Window:
    """``seasons`` in the leagues of ``current``, and ``so_far`` only as many matches of each as it has.

    August is not May: shots, tables and rest days differ, and leagues do not begin together.
    """
    named = list(seasons)
    played = current.matches["league"].value_counts()
    matches = frame[frame["season"].isin(named) & frame["league"].isin(played.index)]
    if so_far:
        place = matches.groupby(["league", "season"]).cumcount()
        matches = matches[place < matches["league"].map(played)]
    return Window(", ".join(named) or "none", matches)


def examine(windows: Windows, frame: pd.DataFrame) -> list[Finding]:
    """Everything there is to find in ``windows`` of ``frame``."""
    current, reference = windows.current, windows.reference
    found = outcome_mix(windows.mix_reference, current)
    if windows.history:
        whole = Window(windows.mix_reference.label, frame[frame["season"] == windows.mix_reference.label])
        found += [each for season in windows.history for each in outcome_mix(whole, season, by_league=False)]
    found += feature_drift(reference, current, FEATURE_NAMES)
    found += prediction_drift(reference, current)
    found += calibration(current)
    found += skill(reference, current)
    return found
