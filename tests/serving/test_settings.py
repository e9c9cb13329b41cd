"""What the environment may say to the service, and what it must not."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from footpred_dagster.core.settings import SettingsError
from serving.app import create_app
from serving.settings import ServiceSettings
from tests.support.service import ODDS


def test_nobody_may_call_from_a_browser_and_no_odds_are_shown_by_default():
    found = ServiceSettings.from_env({})
    assert (found.cors_origins, found.export_odds) == ((), False)


def test_origins_are_a_list():
    found = ServiceSettings.from_env({"CORS_ALLOWED_ORIGINS": "https://a.example, http://localhost:5006,"})
    assert found.cors_origins == ("https://a.example", "http://localhost:5006")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/path"),
        ("FOOTPRED_EXPORT_ODDS", "yes"),
        ("FOOTPRED_SERVICE_POLL", "0"),
        ("FOOTPRED_SERVICE_POLL", "often"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name, value):
    with pytest.raises(SettingsError, match=name):
        ServiceSettings.from_env({name: value})


def test_an_operator_with_a_licence_shows_odds(world, home):
    settings = ServiceSettings.from_env(world.environment(home, FOOTPRED_EXPORT_ODDS="1"))
    with TestClient(create_app(settings)) as client:
        client.headers["X-API-Key"] = world.key
        first, second = client.get("/predict/cards/").json()["items"]
        table = client.get("/predict/cards/", headers={"Accept": "text/csv"}).text
    assert list(first["odds"].values()) == list(ODDS)
    assert second["odds"] is None
    assert ",".join(map(str, ODDS)) in table
