"""Errors as RFC 9457 problem details."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class FieldError(Struct, frozen=True):
    """One thing in a request that is not as its schema says."""

    where: str
    message: str


class Team(Struct, frozen=True):
    """``name`` as the source spells it; ``display_name``: the proper name, or ``name`` where none is known."""

    id: str
    name: str
    display_name: str


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """``type`` is stable and what a program decides by; ``detail`` is for people."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | UnsetType = UNSET
    errors: list[FieldError] | UnsetType = UNSET
    suggestions: list[Team] | UnsetType = UNSET
