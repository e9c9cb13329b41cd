"""Where state lives: never in the folder a command happens to run in, never with the password in a log."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from footpred_dagster.core import settings as module
from footpred_dagster.core.settings import PACKAGE_ROOT, Bucket, Settings, SettingsError, parse_storage_url

URL = "postgresql://owner:s3cret@db.example:5432/footpred"


VARIABLES = ("FOOTPRED_HOME", "FOOTPRED_DATABASE_URL", "FOOTPRED_SOURCE", "FOOTPRED_STORAGE_URL")


@pytest.mark.parametrize("env", [{}, dict.fromkeys(VARIABLES[1:], "")])
def test_without_variables_or_with_empty_ones_the_defaults_of_the_checkout_hold(env, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env(env) == Settings(PACKAGE_ROOT / ".footpred")


def test_an_installed_package_keeps_its_state_in_the_users_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACKAGE_ROOT", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Settings.from_env({}).home == tmp_path / "data" / "footpred"


def test_variables_are_taken_and_a_relative_home_is_fixed_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = dict(zip(VARIABLES, ("state", URL, "/data", "s3://bucket/prod"), strict=True))
    assert Settings.from_env(env) == Settings(tmp_path / "state", URL, "/data", storage_url="s3://bucket/prod")


@pytest.mark.parametrize("home", ["", " ", "~nobody-by-this-name/state", __file__])
def test_a_home_that_cannot_be_one_is_refused(home):
    with pytest.raises(SettingsError, match="FOOTPRED_HOME"):
        Settings.from_env({"FOOTPRED_HOME": home})


def test_an_account_without_a_folder_must_name_a_home(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACKAGE_ROOT", tmp_path)
    monkeypatch.setattr(module.platformdirs, "user_data_path", lambda name: Path("~/.local/share", name))
    with pytest.raises(SettingsError, match="set FOOTPRED_HOME"):
        Settings.from_env({})


def test_a_tilde_in_the_home_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.from_env({"FOOTPRED_HOME": "~/state"}).home == tmp_path / "state"


def test_the_environment_is_read_when_asked_not_at_import(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTPRED_HOME", str(tmp_path))
    assert Settings.from_env().home == tmp_path


@pytest.mark.parametrize("url", ["mysql://x/y", "host=db dbname=x", "sqlite:///x"])
def test_another_kind_of_database_is_refused_by_the_name_of_its_variable_without_repeating_it(url):
    with pytest.raises(SettingsError, match="FOOTPRED_DATABASE_URL") as refusal:
        Settings.from_env({"FOOTPRED_DATABASE_URL": url})
    assert url not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://bucket", Bucket("bucket", "")),
        ("s3://my-bucket.eu/a/b/", Bucket("my-bucket.eu", "a/b")),
        ("file:///srv/archive", Path("/srv/archive")),
        ("file://localhost/srv/with%20space", Path("/srv/with space")),
    ],
)
def test_a_storage_url_is_a_bucket_or_a_folder(url, place):
    assert parse_storage_url(url) == place


@pytest.mark.parametrize(
    "url",
    [
        *(
            "/srv/archive",
            "https://host/bucket",
            "s3:bucket",
            "s3://",
            "s3://Bucket",
            "s3://a",
            "file://srv/x",
            "file:///",
        ),
        *("s3://key:hush@bucket/prod", "s3://bucket?secret=hush", "s3://bucket#hush", "hush://x"),
    ],
)
def test_another_kind_of_storage_is_refused_by_the_name_of_its_variable_without_a_secret_in_it(url):
    with pytest.raises(SettingsError, match="FOOTPRED_STORAGE_URL must be") as refusal:
        Settings.from_env({"FOOTPRED_STORAGE_URL": url})
    assert "hush" not in str(refusal.value)


def test_the_password_shows_in_no_repr():
    assert "s3cret" not in repr(Settings(Path("/x"), URL))


def test_all_state_lies_in_the_home():
    settings = Settings(Path("/home/x"))
    for folder in (settings.archive, settings.dagster_home, settings.dbt_target, settings.dbt_logs):
        assert folder.is_relative_to(settings.home)


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings(Path("/x")).home = Path("/y")  # type: ignore[misc]
