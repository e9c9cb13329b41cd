"""Clubs in memory by their proper names: for search, for suggestions and beside the source's name in every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from footpred_dagster.core.clubs.search import CLUBS, Club, ClubSearch
from footpred_dagster.core.predictions.served import SERVED_CHANNEL
from serving.schemas.problem import Team
from serving.state.table_versions import Versions, table_versions


class Clubs:
    """``by_id``: every club of dim_teams. Replaced when dim_teams changes, never changed itself."""

    channels: Sequence[str] = (SERVED_CHANNEL,)

    def __init__(self) -> None:
        self.by_id: dict[str, Club] = {}
        self.search = ClubSearch([])
        self._seen: Versions | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        seen = table_versions(connection, "marts.dim_teams")
        if seen == self._seen:
            return
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(CLUBS).fetchall()
        search = ClubSearch([Club.of(row) for row in rows])
        self.by_id, self.search, self._seen = {club.team_id: club for club in search.clubs}, search, seen

    def team(self, team_id: str, name: str) -> Team:
        """``name`` is shown where the club is not on record."""
        club = self.by_id.get(team_id)
        return Team(team_id, name, club.display_name if club else name)


def team_of(club: Club) -> Team:
    return Team(club.team_id, club.name, club.display_name)
