"""URLs of the components' roles in a test's database."""

from __future__ import annotations

from footpred_dagster.core.database import roles
from footpred_dagster.core.settings import COMPONENTS

PASSWORD = "ä b@:/%\\'\""


def component_url(owner: str, component: str) -> str:
    return roles.login(owner, component, PASSWORD)


def establish(owner: str) -> None:
    assert roles.establish(owner, dict.fromkeys(COMPONENTS, PASSWORD)) is None
