"""What is served of each match: the champion's newest sealed prediction, ready to be read without a join."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql

from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.predictions.ledger import Prediction

SERVED_CHANNEL = "footpred_served"
"""NOTIFY channel; the payload is the number of rows that changed."""

MATCH = ("match_id", "league", "season", "kickoff", "kickoff_known", "home_id", "home_name", "away_id", "away_name")
SEALED = (
    *("seq", "kind", "model_name", "model_version", "as_of", "latest_input", "sealed_at"),
    *("p_home", "p_draw", "p_away", "rate_home", "rate_away", "rate_correction", "reasons"),
)
KEPT_DAYS = 60
"""After its kickoff a row stays in ``served``, which the service holds in memory, for so long."""
ODDS = {f"odds_{side}": f"opening_odds_{side}" for side in ("home", "draw", "away")}


def serve(connection: psycopg.Connection, predictions: Sequence[Prediction]) -> int:
    """Put the champion's sealed ``predictions`` of listed fixtures up for reading; returns how many rows changed.

    What was sealed before is served all the same: after a rollback the earlier champion's rows come back. A replay
    never takes the place of a live row. In the caller's transaction, which listeners hear of at its end.
    """
    if not predictions:
        return 0
    names = [*MATCH, *SEALED, *ODDS]
    values = [
        *(sql.Identifier("fixtures", name) for name in MATCH),
        *(sql.Identifier("ledger", name) for name in SEALED),
        *(sql.Identifier("fixtures", name) for name in ODDS.values()),
    ]
    kept = [name for name in names if name != "match_id"]
    # json has no equality: the sealed row it came from tells whether reasons changed.
    compared = [name for name in kept if name != "reasons"]
    statement = sql.SQL("""
        insert into predictions.served ({names})
        select {values}
        from unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::text[])
            as asked (match_id, model_name, model_version, kind, feature_hash)
        inner join predictions.ledger using (match_id, model_name, model_version, kind, feature_hash)
        inner join intermediate.int_fixtures as fixtures using (match_id)
        where ledger.role = 'champion'
        on conflict (match_id) do update set ({kept}) = ({taken})
            where ({old}) is distinct from ({new}) and not (served.kind = 'live' and excluded.kind = 'replay')
    """).format(
        names=_listed(names),
        values=sql.SQL(", ").join(values),
        kept=_listed(kept),
        taken=_listed(kept, "excluded"),
        old=_listed(compared, "served"),
        new=_listed(compared, "excluded"),
    )
    keys = ("match_id", "model_name", "model_version", "kind", "feature_hash")
    changed = connection.execute(
        statement, [[getattr(prediction, key) for prediction in predictions] for key in keys]
    ).rowcount
    if changed:
        connection.execute("select pg_notify(%s, %s)", [SERVED_CHANNEL, str(changed)])
    return changed


def archive_played(connection: psycopg.Connection, as_of: datetime) -> int:
    """Move rows of matches that kicked off more than KEPT_DAYS before ``as_of`` to ``served_history``; how many.

    A replay never takes the place of a live row there either. In the caller's transaction.
    """
    played = sql.SQL("served.kickoff < %s - make_interval(days => {})").format(KEPT_DAYS)
    for statement in (
        """
        delete from predictions.served_history using predictions.served
        where served_history.match_id = served.match_id and {}
            and not (served_history.kind = 'live' and served.kind = 'replay')
        """,
        "insert into predictions.served_history select * from predictions.served where {} on conflict do nothing",
    ):
        connection.execute(sql.SQL(statement).format(played), [as_of])
    return connection.execute(sql.SQL("delete from predictions.served where {}").format(played), [as_of]).rowcount


def withdraw(connection: psycopg.Connection, as_of: datetime) -> int:
    """Take down what is served of matches to come whose clubs are no longer those of their names; returns how many.

    A name may be decided to mean another club, or be pending: its fixture has another id then, or none. The ledger
    keeps the rows. In the caller's transaction, which listeners hear of at its end.
    """
    gone = connection.execute(
        """
        delete from predictions.served
        using unnest(%s::text[], %s::text[]) as leagues (league, country), intermediate.club_names as names
        where served.kickoff > %s
            and leagues.league = served.league
            and names.country = leagues.country
            and names.season = served.season
            and (names.name = served.home_name and names.team_id is distinct from served.home_id
                or names.name = served.away_name and names.team_id is distinct from served.away_id)
        """,
        [list(LEAGUES), [league.country for league in LEAGUES.values()], as_of],
    ).rowcount
    if gone:
        connection.execute("select pg_notify(%s, %s)", [SERVED_CHANNEL, str(gone)])
    return gone


def mark_listed(connection: psycopg.Connection, as_of: datetime) -> int:
    """Note which of the matches to come the source lists still; returns how many it lists no longer or again.

    A sealed prediction of a match that vanished from the list stays and is shown as such. Seasons that a check holds
    back keep their mark: their fixtures are missing here, not at the source. In the caller's transaction, which
    listeners hear of at its end.
    """
    changed = connection.execute(
        """
        with known as (
            select match_id from intermediate.int_fixtures
            union all
            select match_id from intermediate.int_matches
        )
        update predictions.served set listed = not listed
        where kickoff > %s and listed <> (match_id in (select match_id from known))
            and (league, season) not in (select league, season from intermediate.held_seasons)
        """,
        [as_of],
    ).rowcount
    if changed:
        connection.execute("select pg_notify(%s, %s)", [SERVED_CHANNEL, str(changed)])
    return changed


def _listed(names: Sequence[str], table: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*([table] if table else []), name) for name in names)
