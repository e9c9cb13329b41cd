"""Filters of lists: a league, season or team that does not exist is a problem with suggestions, not an empty list."""

from __future__ import annotations

import difflib

from footpred_dagster.core.domain import LEAGUES
from serving.http.errors import Problem
from serving.service import Service
from serving.state.clubs import team_of

SUGGESTIONS = 3


def known_league(code: str | None) -> str | None:
    """``code`` as it is stored; raises Problem."""
    if code is None or code in LEAGUES:
        return code
    if (upper := code.upper()) in LEAGUES:
        return upper
    near = difflib.get_close_matches(upper, LEAGUES, SUGGESTIONS, 0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise Problem("unknown-league", f"{hint}codes are {', '.join(LEAGUES)}")


def known_seasons(text: str | None, league: str | None) -> list[str] | None:
    """Seasons as they are stored that ``text`` names, in one league or in any; raises Problem.

    Without a league, 2021 is both the calendar year and the site code of 2020-21.
    """
    if text is None:
        return None
    found = set()
    why = ""
    for each in [LEAGUES[league]] if league else LEAGUES.values():
        try:
            found.add(str(each.season(text)))
        except ValueError as error:
            why = str(error)
    if not found:
        raise Problem("unknown-season", why if league else f"no league has a season {text!r}: write 2425 or 2024-25")
    return sorted(found)


def known_team(service: Service, team_id: str | None) -> str | None:
    """The id of a team on record; raises Problem with the teams that are called like that."""
    clubs = service.clubs
    if team_id is None or team_id in clubs.by_id or not clubs.by_id:
        return team_id
    near = [team_of(club) for club in clubs.search.suggest(team_id, SUGGESTIONS)]
    raise Problem("unknown-team", "no team has this id", suggestions=near)
