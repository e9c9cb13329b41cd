"""Clubs by their names and their state in memory: what a pairing nobody listed is predicted from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from footpred_dagster.core.clubs import nearest
from footpred_dagster.core.domain import LEAGUES, MAIN_LEAGUES, SITE_ZONE
from footpred_dagster.core.online import FeatureRow, OnlineStore, load_store
from footpred_dagster.core.served import SERVED_CHANNEL
from serving.errors import Problem
from serving.schemas.predictions import ByTeams
from serving.schemas.problem import Team

SUGGESTIONS = 3
FURTHEST = timedelta(days=366)


class Online:
    """``store``: state of every club and pair, None until there is any."""

    channels: Sequence[str] = (SERVED_CHANNEL,)

    def __init__(self) -> None:
        self.store: OnlineStore | None = None
        self._teams: dict[str, dict[str, Team]] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._seen: tuple[Any, ...] | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Read everything again if anything changed: a second on 32 seasons."""
        seen = connection.execute("""
            select count(*), max(latest_kickoff), sum(matches_played), sum(elo),
                (select count(*) from marts.dim_teams), (select count(*) from staging.team_aliases)
            from features.online_team_state
        """).fetchone()
        if seen == self._seen:
            return
        store = load_store(connection)
        names = dict(connection.execute("select team_id, name from marts.dim_teams").fetchall())
        teams: dict[str, dict[str, Team]] = {}
        for team_id, league in store.teams:
            teams.setdefault(league, {})[team_id] = Team(team_id, names.get(team_id, team_id))
        aliases = connection.execute("select country, name, team_id from staging.team_aliases").fetchall()
        self._aliases = {(country, name.casefold()): team_id for country, name, team_id in aliases}
        self.store, self._teams, self._seen = store, teams, seen

    def pairing(self, asked: ByTeams, now: datetime) -> tuple[Team, Team, FeatureRow]:
        """Both teams and the features of their match; raises Problem."""
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
        home, away = (self._team(asked.league, name) for name in (asked.home, asked.away))
        if home == away:
            raise Problem("not-predictable", f"{home.name} cannot play itself")
        return home, away, self.store.features(asked.league, home.id, away.id, _uk_date(asked.kickoff))

    def _team(self, league: str, name: str) -> Team:
        here = self._teams.get(league, {})
        if found := here.get(name) or here.get(self._aliases.get((LEAGUES[league].country, name.casefold()), "")):
            return found
        near = _nearest(name, here.values())
        if near and near[0].name.casefold() == name.casefold():
            return near[0]
        raise Problem("unknown-team", f"no team of {league} goes by the name asked for", suggestions=near)

    def near(self, name: str) -> list[Team]:
        """Teams of any league whose names or ids look like ``name``."""
        return _nearest(name, (team for league in self._teams.values() for team in league.values()))


def _nearest(name: str, teams: Iterable[Team]) -> list[Team]:
    spellings: dict[str, Team] = {}
    for team in teams:
        spellings.update({team.name.casefold(): team, team.id: team})
    found = [spellings[spelling] for spelling in nearest(name.casefold(), spellings, 2 * SUGGESTIONS)]
    return list(dict.fromkeys(found))[:SUGGESTIONS]


def _uk_date(kickoff: datetime) -> date:
    """Matches count by their date at the source."""
    return kickoff.astimezone(SITE_ZONE).date()
