"""Clubs by their names and their state in memory: what a pairing nobody listed is predicted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from footpred_dagster.core.clubs.search import Club, ClubSearch
from footpred_dagster.core.domain import LEAGUES, MAIN_LEAGUES, SITE_ZONE
from footpred_dagster.core.features.online_store import OnlineStore, load_store
from footpred_dagster.core.predictions.served import SERVED_CHANNEL
from serving.http.errors import Problem
from serving.schemas.predictions import ByTeams
from serving.schemas.problem import Team
from serving.state.clubs import Clubs, team_of
from serving.state.table_versions import Versions, table_versions

TABLES = (
    "features.online_team_state",
    "intermediate.int_head_to_head",
    "ratings.division_state",
    "marts.dim_teams",
    "staging.team_aliases",
)
"""What a store is made from."""
SUGGESTIONS = 3
FURTHEST = timedelta(days=366)


class Online:
    """``store``: state of every club and pair, None until there is any."""

    channels: Sequence[str] = (SERVED_CHANNEL,)

    def __init__(self, clubs: Clubs) -> None:
        self.store: OnlineStore | None = None
        self._clubs = clubs
        self._search = ClubSearch([])
        self._seen: tuple[Versions, ClubSearch] | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Read everything again if anything changed: a second on 32 seasons."""
        seen = (table_versions(connection, *TABLES), self._clubs.search)
        if seen == self._seen:
            return
        store = load_store(connection)
        names = dict(connection.execute("select team_id, name from marts.dim_teams").fetchall())
        aliases: dict[tuple[str, str], list[str]] = {}
        for country, name, team_id in connection.execute("select country, name, team_id from staging.team_aliases"):
            aliases.setdefault((country, team_id), []).append(name)
        search = []
        for team_id, league in store.teams:
            country, name = LEAGUES[league].country, names.get(team_id, team_id)
            known = self._clubs.by_id.get(team_id) or Club(team_id, name, name, country, league)
            spelled = dict.fromkeys([*known.aliases, *aliases.get((country, team_id), ())])
            search.append(replace(known, league=league, aliases=tuple(spelled)))
        self.store, self._search, self._seen = store, ClubSearch(search), seen

    def pairing(self, asked: ByTeams, now: datetime) -> tuple[Team, Team, date]:
        """Both teams and the UK date of their match, by which it counts; raises Problem."""
        if asked.league not in LEAGUES:
            raise Problem("unknown-league", f"{asked.league} is none of {', '.join(LEAGUES)}")
        if asked.league not in MAIN_LEAGUES:
            raise Problem("not-predictable", f"{asked.league}: models predict {', '.join(MAIN_LEAGUES)} only")
        if asked.kickoff <= now:
            raise Problem("kickoff-past", "predictions are made before the kickoff, which is to come with its offset")
        if asked.kickoff > now + FURTHEST:
            raise Problem("not-predictable", f"what clubs are like over {FURTHEST.days} days from now nobody can know")
        if self.store is None:
            raise Problem("not-built", "footpred run builds it", headers={"Retry-After": "60"})
        home, away = self._team(asked.league, asked.home), self._team(asked.league, asked.away)
        if home.id == away.id:
            raise Problem("not-predictable", f"{home.name} cannot play itself")
        return home, away, asked.kickoff.astimezone(SITE_ZONE).date()

    def _team(self, league: str, name: str) -> Team:
        found = self._search.named(league, name)
        if len(found) == 1:
            return team_of(found[0])
        what = (
            f"{'several teams' if found else 'no team'} of {league} {'go' if found else 'goes'} by the name asked for"
        )
        suggestions = found or self._search.suggest(name, SUGGESTIONS, [league])
        raise Problem("unknown-team", what, suggestions=[team_of(club) for club in suggestions])

    def near(self, name: str) -> list[Team]:
        """Teams of any league whose names or ids look like ``name``."""
        return [team_of(club) for club in self._clubs.search.suggest(name, SUGGESTIONS)]
