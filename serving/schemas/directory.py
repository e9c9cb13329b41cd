"""Lists of teams and leagues: how they are called and what is on record of them."""

from __future__ import annotations

from msgspec import Struct


class TeamEntry(Struct, frozen=True):
    """``name`` as the source spells it last. ``aliases``: other spellings it is found by. ``league`` it played last."""

    id: str
    name: str
    display_name: str
    city: str | None
    country: str
    league: str
    aliases: list[str]


class TeamPage(Struct, frozen=True):
    """``next``: cursor of the page after this one, null on the last."""

    items: list[TeamEntry]
    next: str | None
    data_age_seconds: int | None


class LeagueEntry(Struct, frozen=True):
    """``seasons`` with a played match, newest first; none where nothing is loaded. ``tier``: level in its country."""

    code: str
    name: str
    country: str
    tier: int
    calendar: str
    matches: int
    seasons: list[str]


class LeaguePage(Struct, frozen=True):
    """``next``: cursor of the page after this one, null on the last."""

    items: list[LeagueEntry]
    next: str | None
    data_age_seconds: int | None
