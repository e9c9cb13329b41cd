"""Features of fixtures from the state on an earlier day: for runs about the past, what the online tables are for now.

Results of that day and later are left out of everything: ratings, divisions, form, meetings and league tables.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from footpred_dagster.core.features.contract import FEATURE_NAMES, FORM, VENUE_FORM, VENUE_WINDOW, WINDOWS
from footpred_dagster.core.features.online_store import NEVER_MET, PairState, TeamState, assemble
from footpred_dagster.core.ratings.current import Raters
from footpred_dagster.core.ratings.history import rate
from footpred_dagster.core.ratings.observations import COLUMNS
from footpred_dagster.core.ratings.store import TEAM_STATE, current_state, history_of, read_spine
from footpred_dagster.core.ratings.strengths import Division


def features_before(connection: psycopg.Connection, fixtures: pd.DataFrame, day: date) -> pd.DataFrame:
    """(fixtures, features + latest_input) as known on the morning of ``day``, indexed like ``fixtures``.

    ``fixtures``: match_id, league, season, home_id, away_id and match_date, not before ``day``, of the spine.
    """
    spine = _as_known(read_spine(connection), fixtures["match_id"], day)
    known = history_of(spine)
    raters = Raters.fresh(known.matches)
    rate(raters, known.matches)
    clubs: dict[tuple[str, str], dict[str, object]] = {}
    divisions: dict[str, Division] = {}
    for teams, (league, _, level, home_advantage) in current_state(known, raters):
        clubs |= {(str(team[0]), str(team[1])): dict(zip(TEAM_STATE, team, strict=True)) for team in teams}
        divisions[str(league)] = Division(np.array(level), np.array(home_advantage))
    played = spine[spine["is_played"]]
    newest = pd.to_datetime(played["kickoff"], utc=True, format="ISO8601").groupby(played["country"]).max()
    country = spine.drop_duplicates("league").set_index("league")["country"]
    form = _form(connection, fixtures, day)
    rows = []
    for place, match in enumerate(fixtures.to_dict("records")):
        league = match["league"]
        home, away = (TeamState.of(clubs[match[f"{side}_id"], league] | form[place, side]) for side in ("home", "away"))
        met = form[place, "home"]
        pair = PairState(met["meetings"], met["points_last_5"]) if met["meetings"] else NEVER_MET
        last: datetime | None = newest.get(country[league])
        found = assemble(home, away, divisions[league], pair, match["match_date"], last)
        rows.append([*found.values, found.latest_input])
    frame = pd.DataFrame(rows, index=fixtures.index, columns=[*FEATURE_NAMES, "latest_input"])
    return frame.astype(dict.fromkeys(FEATURE_NAMES, float)).assign(
        latest_input=pd.to_datetime(frame["latest_input"], utc=True)
    )


def _as_known(spine: pd.DataFrame, fixtures: pd.Series, day: date) -> pd.DataFrame:
    """The spine of that morning: results of earlier days, and ``fixtures`` without theirs."""
    coming = spine["match_id"].isin(fixtures)
    known = spine[coming | (spine["is_played"] & (spine["match_date"] < pd.Timestamp(day)))].reset_index(drop=True)
    coming = known["match_id"].isin(fixtures)
    known.loc[coming, list(COLUMNS)] = np.nan
    return known.assign(is_played=~coming)


def _form(connection: psycopg.Connection, fixtures: pd.DataFrame, day: date) -> dict[tuple[int, str], dict[str, Any]]:
    """What ``online_team_state`` and ``online_pair_state`` say beside ratings, by place of the fixture and side."""
    asked = [
        (place, side, match[f"{side}_id"], match[f"{other}_id"], match["league"], match["season"])
        for place, match in enumerate(fixtures.to_dict("records"))
        for side, other in (("home", "away"), ("away", "home"))
    ]
    columns = list(zip(*asked, strict=True)) or [()] * 6
    names = ("places", "sides", "teams", "opponents", "leagues", "seasons")
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_QUERY, {**dict(zip(names, map(list, columns), strict=True)), "day": day}).fetchall()
    return {(row["place"], row["side"]): row for row in rows}


def _columns(table: str, prefix: str, metrics: tuple[str, ...], windows: tuple[int, ...]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(
            sql.Identifier(table, f"{metric}_last_{window}"), sql.Identifier(f"{prefix}_{metric}_last_{window}")
        )
        for window in windows
        for metric in metrics
    )


_QUERY = sql.SQL("""
    select
        asked.place, asked.side, form.latest_match_date, form.latest_kickoff,
        coalesce(form.matches_played, 0) as matches_played,
        coalesce(tables.played, 0) as table_matches,
        tables.position as table_position,
        tables.points::double precision / tables.played as table_points,
        {form}, {at_home}, {away}, pair.meetings, pair.points_last_5
    from unnest(%(places)s::int[], %(sides)s::text[], %(teams)s::text[], %(opponents)s::text[], %(leagues)s::text[],
        %(seasons)s::text[]) as asked (place, side, team_id, opponent_id, league, season)
    left join lateral (
        select * from intermediate.int_team_form as earlier
        where earlier.team_id = asked.team_id and earlier.latest_match_date < %(day)s
        order by earlier.latest_match_date desc limit 1
    ) as form on true
    left join lateral (
        select * from intermediate.int_team_venue_form as earlier
        where earlier.team_id = asked.team_id and earlier.is_home and earlier.latest_match_date < %(day)s
        order by earlier.latest_match_date desc limit 1
    ) as at_home on true
    left join lateral (
        select * from intermediate.int_team_venue_form as earlier
        where earlier.team_id = asked.team_id and not earlier.is_home and earlier.latest_match_date < %(day)s
        order by earlier.latest_match_date desc limit 1
    ) as away on true
    left join intermediate.int_plain_points_tables as tables
        on asked.league = tables.league and asked.season = tables.season and asked.team_id = tables.team_id
        and tables.table_date < %(day)s and tables.next_match_date >= %(day)s
    left join lateral (
        select * from intermediate.int_head_to_head as earlier
        where earlier.team_id = asked.team_id and earlier.opponent_id = asked.opponent_id
            and earlier.latest_match_date < %(day)s
        order by earlier.meetings desc limit 1
    ) as pair on true
""").format(
    form=_columns("form", "all", tuple(FORM), WINDOWS),
    at_home=_columns("at_home", "home_venue", VENUE_FORM, (VENUE_WINDOW,)),
    away=_columns("away", "away_venue", VENUE_FORM, (VENUE_WINDOW,)),
)
