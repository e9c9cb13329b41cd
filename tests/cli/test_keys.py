"""Keys: the secret is kept nowhere, a rotated key has its owner's rights, and a revoked one has none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import main
from footpred_dagster.cli.keys import demo_key
from footpred_dagster.core import api_keys
from footpred_dagster.core.database.connection import database_url as url_of
from footpred_dagster.core.settings import Settings

NOW = datetime.now(UTC)


def secret_of(text: str) -> str:
    found = api_keys.split(text)
    assert found is not None
    return found[1]


def test_a_key_opens_with_its_secret_alone_which_no_table_and_no_repr_has(connection):
    key, text = api_keys.create(connection, "analyst", ["predict", "read"])
    assert text.startswith(f"fp_{key.id}_")
    assert key.scopes == ["read", "predict"]
    assert key.opens(secret_of(text))
    assert not key.opens(secret_of(text)[:-1] + "!")
    stored = connection.execute("select keys::text from serving.keys").fetchall()
    assert secret_of(text) not in repr((stored, key))
    assert key.secret_sha256.hex() not in repr(key)


@pytest.mark.parametrize(
    "text", ["", "fp_", "fp_abc_def", "FP_abcdefghijkl_" + "a" * 43, "fp_abcdefghijkl_" + "a" * 42]
)
def test_what_has_not_the_shape_of_a_key_is_none(text):
    assert api_keys.split(text) is None


def test_a_key_ends_when_it_expires_and_when_it_is_revoked(connection):
    key, _ = api_keys.create(connection, "short", ["read"], lives=timedelta(hours=1))
    assert key.in_force(NOW)
    assert not key.in_force(NOW + timedelta(hours=2))
    assert not api_keys.revoke(connection, key.id).in_force(NOW)
    with pytest.raises(api_keys.UnknownKey):
        api_keys.revoke(connection, key.id)


def test_a_rotated_key_keeps_owner_scopes_and_limits_and_the_old_one_lives_through_the_overlap(connection):
    old, _ = api_keys.create(connection, "program", ["batch"], lives=timedelta(days=90), rate=7.0, burst=9)
    new, text = api_keys.rotate(connection, old.id, overlap=timedelta(hours=2))
    assert (new.owner, new.scopes, new.rate, new.burst) == (old.owner, ["batch"], 7.0, 9)
    assert new.opens(secret_of(text))
    assert new.expires_at > NOW + timedelta(days=89)
    stored = {key.id: key for key in api_keys.all_keys(connection)}[old.id]
    assert stored.in_force(NOW + timedelta(hours=1))
    assert not stored.in_force(NOW + timedelta(hours=3))
    assert stored.replaced_by == new.id
    api_keys.revoke(connection, new.id)
    with pytest.raises(api_keys.UnknownKey):
        api_keys.rotate(connection, new.id, overlap=timedelta(hours=2))


def test_scopes_nobody_knows_are_refused(connection):
    for scopes in ([], ["read", "write"]):
        with pytest.raises(ValueError, match="known are read, predict, batch, admin"):
            api_keys.create(connection, "typo", scopes)


def test_listeners_hear_of_every_change(connection, warehouse):
    warehouse.execute(f"listen {api_keys.KEYS_CHANNEL}")
    key, _ = api_keys.create(connection, "heard", ["read"])
    connection.commit()
    assert len(list(warehouse.notifies(timeout=2, stop_after=1))) == 1
    api_keys.revoke(connection, key.id)
    connection.commit()
    assert len(list(warehouse.notifies(timeout=2, stop_after=1))) == 1


def test_the_demo_key_is_made_once(connection):
    text = demo_key(connection)
    (key,) = api_keys.all_keys(connection)
    assert key.scopes == ["read", "predict", "batch"]
    assert key.opens(secret_of(text))
    assert demo_key(connection) is None


@pytest.fixture
def cli(database_url, home, monkeypatch):
    monkeypatch.setenv("FOOTPRED_DATABASE_URL", database_url)
    assert url_of(Settings.from_env()) == database_url

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["keys", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


def test_the_commands_make_list_rotate_and_revoke(cli):
    made = json.loads(cli("create", "--name", "ci", "--scopes", "read,predict", "--expires", "90d", "--json"))
    assert made["key"].startswith(f"fp_{made['id']}_")
    assert (made["name"], made["scopes"]) == ("ci", ["read", "predict"])
    lives = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < lives < timedelta(days=91)
    rotated = json.loads(cli("rotate", made["id"], "--overlap", "1h", "--json"))
    assert rotated["key"] != made["key"]
    assert "is revoked" in cli("revoke", rotated["id"])
    listed = json.loads(cli("list", "--json"))["keys"]
    assert [(row["id"], row["state"]) for row in listed] == [(made["id"], "in force"), (rotated["id"], "revoked")]
    assert secret_of(made["key"]) not in cli("list")
    assert secret_of(cli("create", "--name", "plain", "--scopes", "read").strip())


def test_the_commands_tell_what_is_wrong(cli):
    assert "known are" in cli("create", "--name", "x", "--scopes", "read,write", code=2)
    assert "no length of time" in cli("create", "--name", "x", "--scopes", "read", "--expires", "soon", code=2)
    assert "is no key in force" in cli("revoke", "abcdefghijkl", code=1)
