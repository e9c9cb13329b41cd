"""Results meet what was sealed: every ledger row of a played match gets its scores, and is itself never touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.domain.scorelines import grid, score_log_losses
from footpred_dagster.core.predictions.ledger_verifier import GRID
from footpred_dagster.core.statistics.scoring_rules import (
    PROBABILITIES,
    brier_scores,
    log_losses,
    ranked_probability_scores,
)

MOVED = timedelta(days=14)
"""A match played further from the kickoff it was predicted for is another occasion: what was known has changed."""
RESULT = ("home_goals", "away_goals")
CLOSING = ("closing_odds_home", "closing_odds_draw", "closing_odds_away")
COLUMNS = (
    *("seq", "revision", "league", "season", *RESULT, "outcome", "lead_hours"),
    *("log_loss", "rps", "brier", "hit", "goals_log_loss", *CLOSING, "closing_log_loss"),
)


@dataclass(frozen=True, slots=True)
class Settled:
    """Ledger rows scored for the first time, those scored again since a result or its odds were corrected, and those
    whose score was withdrawn since the match was decided without play or annulled."""

    first: int
    corrected: int
    withdrawn: int = 0


def identify(connection: psycopg.Connection) -> None:
    """Keep which clubs play in each match of the ledger, in the transaction that seals or settles.

    Matches that nobody knows any more stay unidentified.
    """
    connection.execute("""
        insert into predictions.sealed_matches
        select distinct on (match_id) match_id, known.league, known.season, known.home_id, known.away_id
        from predictions.ledger
        inner join (
            select match_id, league, season, home_id, away_id from predictions.served_ever
            union all select match_id, league, season, home_id, away_id from intermediate.int_matches
            union all select match_id, league, season, home_id, away_id from intermediate.int_fixtures
        ) as known using (match_id)
        where match_id not in (select match_id from predictions.sealed_matches)
        order by match_id
        on conflict (match_id) do nothing
    """)


def unscored(connection: psycopg.Connection, as_of: datetime) -> dict[str, int]:
    """Ledger rows of kickoffs more than MOVED before ``as_of`` that were never scored or lost their score, by why."""
    rows = connection.execute(
        """
        select case
            when sealed.match_id is null then 'the clubs of the match are not known'
            else 'its clubs did not play within 14 days of it, after it was made, or the match does not count'
        end as why, count(*)
        from predictions.ledger
        left join predictions.sealed_matches as sealed using (match_id)
        left join predictions.latest_scores as scores using (seq)
        where ledger.kickoff < %s and scores.seq is null group by 1 order by 1
        """,
        [as_of - MOVED],
    ).fetchall()
    return dict(rows)


def settlement_cut(connection: psycopg.Connection, as_of: datetime) -> str:
    """How many ledger rows of matches that kicked off before ``as_of`` wait for a score, as text."""
    counts = [
        (connection.execute(sql.SQL("select count(*) {}").format(rows)).fetchone() or (0,))[0]
        for rows in (_pending(as_of), _unplayed())
    ]
    return f"{sum(counts)} to settle"


def settle(connection: psycopg.Connection, as_of: datetime) -> Settled:
    """Score what is pending, in the caller's transaction. A score is never changed: a correction adds a revision."""
    identify(connection)
    withdrawn = _withdraw(connection)
    numbers = [f"ledger.{name}" for name in (*PROBABILITIES, *GRID)] + [
        f"matches.{name}" for name in (*RESULT, *CLOSING)
    ]
    query = sql.SQL("""
        select ledger.seq, coalesce(scored.revision, 0) + 1 as revision, matches.league, matches.season,
            matches.outcome, extract(epoch from ledger.kickoff - ledger.as_of) / 3600 as lead_hours, {numbers}
        {pending} order by ledger.seq
    """).format(numbers=sql.SQL(", ").join(_name(name) for name in numbers), pending=_pending(as_of))
    rows = read_frame(connection, query, floats=(*PROBABILITIES, *GRID, *CLOSING, "lead_hours"))
    rows = rows.astype(dict.fromkeys(("seq", "revision", "outcome", *RESULT), "int64"))
    if rows.empty:
        return Settled(0, 0, withdrawn)
    scored = rows.assign(**_scores(rows))[list(COLUMNS)]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy predictions.scores ({', '.join(COLUMNS)}) from stdin") as copy,
    ):
        for row in scored.itertuples(index=False, name=None):
            copy.write_row([None if value != value else value for value in row])  # NaN alone is not itself
    first = int((rows["revision"] == 1).sum())
    return Settled(first, len(rows) - first, withdrawn)


def _withdraw(connection: psycopg.Connection) -> int:
    """Add a revision without effect to scores of matches that were not played after all; returns how many."""
    kept = [name for name in COLUMNS if name != "revision"]
    return connection.execute(
        sql.SQL("""
            insert into predictions.scores ({columns}, revision, withdrawn)
            select {values}, scores.revision + 1, true {rows}
        """).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, kept)),
            values=sql.SQL(", ").join(sql.Identifier("scores", name) for name in kept),
            rows=_unplayed(),
        )
    ).rowcount


def _scores(rows: pd.DataFrame) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.bool_]]:
    probabilities = rows[PROBABILITIES].to_numpy(dtype=float)
    outcomes = rows["outcome"].to_numpy(dtype=np.int64)
    line = power_devig(rows[list(CLOSING)].to_numpy(dtype=float))
    priced = np.isfinite(line).all(axis=1)
    closing = np.full(len(rows), np.nan)
    if priced.any():
        closing[priced] = log_losses(line[priced], outcomes[priced])
    drawn = rows["rate_home"].notna().to_numpy()
    scorelines = np.full(len(rows), np.nan)
    if drawn.any():
        *rates, correction = rows.loc[drawn, list(GRID)].to_numpy(dtype=float).T
        cells = grid(np.stack(rates, axis=1), correction, probabilities[drawn])
        scorelines[drawn] = score_log_losses(cells, rows.loc[drawn, list(RESULT)].to_numpy(dtype=np.int64))
    return {
        "log_loss": log_losses(probabilities, outcomes),
        "rps": ranked_probability_scores(probabilities, outcomes),
        "brier": brier_scores(probabilities, outcomes),
        "hit": probabilities.argmax(axis=1) == outcomes,
        "goals_log_loss": scorelines,
        "closing_log_loss": closing,
    }


def _pending(as_of: datetime) -> sql.Composed:
    """The ``from`` and ``where`` of rows to score. A match counts once it kicked off before ``as_of``."""
    corrected = sql.SQL(" or ").join(
        sql.SQL("{} is distinct from {}").format(_name(f"scored.{name}"), _name(f"matches.{name}"))
        for name in (*RESULT, *CLOSING)
    )
    return sql.SQL("""
        from predictions.ledger
        inner join predictions.sealed_matches as sealed using (match_id)
        cross join lateral ({played}) as matches
        left join lateral (
            select * from predictions.scores where scores.seq = ledger.seq order by revision desc limit 1
        ) as scored on true
        where matches.kickoff < {as_of} and (scored.seq is null or scored.withdrawn or {corrected})
    """).format(played=_played(), corrected=corrected, as_of=sql.Literal(as_of))


def _played() -> sql.Composed:
    """The match by which a ledger row is settled: of its clubs as they are identified today, kicked off after the
    prediction was made, and the nearest to the kickoff it was made for, at most MOVED away."""
    return sql.SQL("""
        select of_clubs.*
        from intermediate.int_matches as of_clubs
        cross join lateral (select case
            -- Without a time of day a result says 15:00, whenever it was.
            when not of_clubs.kickoff_known and (of_clubs.kickoff at time zone 'Europe/London')::date
                = (ledger.kickoff at time zone 'Europe/London')::date then ledger.kickoff
            else of_clubs.kickoff end as kicked_off) as clock
        where of_clubs.league = sealed.league and of_clubs.season = sealed.season
            and of_clubs.home_id = {home} and of_clubs.away_id = {away}
            and of_clubs.status = 'played' and clock.kicked_off > ledger.as_of
            and (ledger.kind = 'replay' or clock.kicked_off > ledger.sealed_at)
            and clock.kicked_off between ledger.kickoff - {moved} and ledger.kickoff + {moved}
        order by greatest(clock.kicked_off, ledger.kickoff) - least(clock.kicked_off, ledger.kickoff), of_clubs.match_id
        limit 1
    """).format(home=_today("home_id"), away=_today("away_id"), moved=sql.Literal(MOVED))


def _today(side: str) -> sql.Composed:
    """A club of a sealed match as it is identified today."""
    club = sql.Identifier("sealed", side)
    merged = sql.SQL("select team_id from predictions.club_merges where former_id = {}").format(club)
    return sql.SQL("coalesce(({}), {})").format(merged, club)


def _unplayed() -> sql.Composed:
    """The ``from`` and ``where`` of newest scores that no match stands behind any more, whenever it was played.

    Its match was awarded or annulled, or was not the one that was predicted. An annulled match has another id than the
    one it was predicted under. A match that is only missing, as while its season is held back, keeps its score.
    """
    return sql.SQL("""
        from predictions.latest_scores as scores
        inner join predictions.ledger using (seq)
        inner join predictions.sealed_matches as sealed on sealed.match_id = ledger.match_id
        where not exists ({played}) and (
            exists (select from intermediate.int_matches as matches where matches.match_id = ledger.match_id)
            or exists (
                select from intermediate.int_matches as of_clubs
                where (of_clubs.league, of_clubs.season) = (sealed.league, sealed.season)
                    and (of_clubs.home_id, of_clubs.away_id) = ({home}, {away}) and of_clubs.status <> 'played'
                    and of_clubs.kickoff between ledger.kickoff - {moved} and ledger.kickoff + {moved}
            )
            or exists (
                select from intermediate.match_rulings as rulings
                where (rulings.league, rulings.season) = (sealed.league, sealed.season)
                    and (rulings.home_id, rulings.away_id) = ({home}, {away}) and rulings.status = 'void'
                    and rulings.match_date = (ledger.kickoff at time zone 'Europe/London')::date
            )
        )
    """).format(played=_played(), home=_today("home_id"), away=_today("away_id"), moved=sql.Literal(MOVED))


def _name(dotted: str) -> sql.Identifier:
    return sql.Identifier(*dotted.split("."))
