"""The files of a single host: valid, closed by default, without secrets, complete without a registry."""

from __future__ import annotations

import copy
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import podman_compose
import pytest
import yaml

from footpred_dagster.core.database import roles
from footpred_dagster.core.settings import COMPONENTS, OWNERS_URL, PACKAGE_ROOT, Settings, component_variable
from footpred_dagster.orchestration.dbt_project import fresh_project

DEPLOY = PACKAGE_ROOT / "deploy"
BIN = Path(sys.executable).parent
FILES = {name: DEPLOY / f"{name}.yaml" for name in ("compose", "compose.offline")}
COMPOSE, OFFLINE = (yaml.safe_load(path.read_text()) for path in FILES.values())
OURS = re.compile(r"\$\{REGISTRY:-localhost\}/footpred/(pipeline|serving|dashboards):\$\{TAG:-0\.1\.0\}")
STAND_IN = "localhost/footpred/offline:${TAG:-0.1.0}"
SERVICES = sorted(COMPOSE["services"])
GUARDED = ("webserver", "webserver-viewer", "mlflow", "dashboard")
"""Services that have no login of their own."""


def offline(name: str) -> dict[str, Any]:
    return {**COMPOSE["services"][name], **OFFLINE["services"].get(name, {})}


def test_files_are_valid() -> None:
    subprocess.run([BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *FILES.values()], check=True)


@pytest.mark.parametrize("file", ["Dockerfile", "offline.Dockerfile"])
def test_dockerfiles_pass_hadolint(file: str) -> None:
    done = subprocess.run([BIN / "hadolint", DEPLOY / "docker" / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_no_registry_is_asked_offline(name: str) -> None:
    image = offline(name)["image"]
    assert OURS.fullmatch(image) or image == STAND_IN


def test_offline_changes_only_what_is_there() -> None:
    assert set(OFFLINE["services"]) == {
        name for name in SERVICES if not OURS.fullmatch(COMPOSE["services"][name]["image"])
    }


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_confined(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges"]
    assert service["mem_limit"]
    if OURS.fullmatch(service["image"]):
        assert service["user"] == "10001:10001"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_loopback(name: str) -> None:
    for port in COMPOSE["services"][name].get("ports", []):
        assert port.startswith(("127.0.0.1:", "${BIND:-127.0.0.1}:"))


def behind_login() -> dict[str, Any]:
    """The services of ``make compose-up LOGIN=1``; podman-compose reads and merges its !reset."""
    over = yaml.safe_load((DEPLOY / "compose.login.yaml").read_text())
    return dict(podman_compose.rec_merge(copy.deepcopy(COMPOSE), over)["services"])


def test_the_login_is_off_by_default_and_guards_all_it_should() -> None:
    profiled = {name for name in SERVICES if COMPOSE["services"][name].get("profiles") == ["login"]}
    assert profiled == {"login", "webserver-viewer"}
    with_login = behind_login()
    assert {name: with_login[name].get("ports", []) for name in GUARDED} == {name: [] for name in GUARDED}
    assert len(with_login["login"]["ports"]) == len(GUARDED)


def test_each_server_of_the_login_asks_for_the_right_password() -> None:
    text = (DEPLOY / "nginx/login.conf").read_text()
    assert re.findall(r"^ +auth_basic (.*);", text, re.MULTILINE) == ["footpred"]
    pattern = (
        r"listen (\d+);\s+auth_basic_user_file /run/secrets/(\S+)\.htpasswd;\s+location / {\s+proxy_pass (\S+);\s+}"
    )
    servers = re.findall(pattern, text)
    assert len(servers) == text.count("server {") == len(GUARDED)
    groups = {address: group for _, group, address in servers}
    assert groups == {
        "http://webserver:3000": "operators",
        "http://webserver-viewer:3000": "viewers",
        "http://mlflow:5000": "operators",
        "http://dashboard:5006": "viewers",
    }
    assert "--read-only" in COMPOSE["services"]["webserver-viewer"]["command"]
    published = {port.rpartition(":")[2] for port in COMPOSE["services"]["login"]["ports"]}
    assert published == {port for port, _, _ in servers}


@pytest.mark.fault(64, "a page of another origin sends GET and POST mutations to Dagster: refused")
def test_hosts_and_origins_are_checked_behind_each_proxy() -> None:
    for name in ("webserver", "webserver-viewer"):
        assert COMPOSE["services"][name]["command"][:3] == ["python", "-m", "footpred_dagster.webserver"]
    hosts = COMPOSE["services"]["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    assert hosts == "mlflow:5000,localhost:*,127.0.0.1:*${MLFLOW_HOSTS:+,${MLFLOW_HOSTS}}"
    assert "proxy_set_header Host $http_host;" in (DEPLOY / "nginx/login.conf").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_files(name: str) -> None:
    """A variable that holds one is made by the entry point; one that names a file may be written down."""
    for file in (COMPOSE, OFFLINE):
        for variable, value in file["services"].get(name, {}).get("environment", {}).items():
            secret = re.search("PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL", variable)
            assert not secret or value.startswith("/run/secrets/"), variable
            assert not re.search("://[^/]*@", value), variable
    assert set(COMPOSE["services"][name].get("secrets", [])) <= set(COMPOSE["secrets"])


def test_the_owner_of_the_database_migrates_and_nobody_else() -> None:
    urls = {
        name: {secret for secret in service.get("secrets", []) if secret.endswith("DATABASE_URL")}
        for name, service in COMPOSE["services"].items()
    }
    own = {component: component_variable(component) for component in COMPONENTS}
    assert urls.pop("migrate") == {OWNERS_URL, *own.values()}
    pipeline = {own["pipeline"], "DAGSTER_DATABASE_URL"}
    assert {name: found for name, found in urls.items() if found} == {
        "api": {own["service"]},
        "worker": {own["worker"]},
        "dashboard": {own["dashboard"]},
        "metrics": {own["exporter"]},
        **dict.fromkeys(("code-server", "webserver", "webserver-viewer", "daemon"), pipeline),
    }


def test_made_secrets(tmp_path: Path) -> None:
    """All that compose asks for, in a folder that is closed, readable in a container; made once."""
    folder = tmp_path / "secrets"
    script = [DEPLOY / "docker/secrets.sh", folder]
    subprocess.run(script, check=True)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    assert made["POSTGRES_PASSWORD"] in made[OWNERS_URL]
    known = {name for name, value in made.items() if made["POSTGRES_PASSWORD"] in value}
    assert known == {"POSTGRES_PASSWORD", OWNERS_URL}
    urls = {component: made[component_variable(component)] for component in COMPONENTS}
    assert set(roles.passwords_in(urls, made[OWNERS_URL])) == set(COMPONENTS)
    operators, viewers = (made[f"{group}.htpasswd"].splitlines() for group in ("operators", "viewers"))
    assert (len(operators), viewers[1:]) == (1, operators)
    assert all(re.fullmatch(r"[a-z]+:\{PLAIN\}[0-9a-f]{48}", line) for line in viewers)
    assert len(set(made.values())) == len(made)
    subprocess.run(script, check=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made


def test_images_do_not_run_as_root() -> None:
    stages = re.split(r"(?m)^FROM ", (DEPLOY / "docker/Dockerfile").read_text())
    final = {stage.split()[2]: stage for stage in stages if re.match(r"base AS (serving|dashboards|pipeline)\n", stage)}
    assert set(final) == {"serving", "dashboards", "pipeline"}
    for stage in final.values():
        assert re.search(r"(?m)^USER 10001:10001$", stage)


@pytest.mark.slow
def test_a_container_parses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the image holds is taken where the home holds nothing yet; dbt is not started."""
    monkeypatch.delenv("FOOTPRED_DBT_PARSED", raising=False)
    built = fresh_project(Settings(home=tmp_path / "build")).target_path
    monkeypatch.setenv("FOOTPRED_DBT_PARSED", str(built))
    monkeypatch.setattr("footpred_dagster.orchestration.dbt_project.DBT", os.devnull)
    home = Settings(home=tmp_path / "home")
    fresh_project(home)
    assert (home.dbt_target / "manifest.json").read_bytes() == (built / "manifest.json").read_bytes()
