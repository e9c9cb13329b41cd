"""Variables of the user's shell: none that another project needs has an effect on the embedded parts of a home."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import psycopg
import pytest

from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.environment import allowed, isolate
from footpred_dagster.core.settings import PACKAGE_ROOT
from tests.support.command import Home, fresh_home

UNREACHABLE = "http://127.0.0.1:9"
LIBPQ = {
    "PGHOST": "db.example",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGDATABASE": "nowhere",
    "PGUSER": "stranger",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nonexistent",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGSYSCONFDIR": "/nonexistent",
    "PGOPTIONS": "-c nonsense=1",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nonexistent",
    "PGSSLCERT": "/nonexistent",
    "PGSSLNEGOTIATION": "direct",
    "PGGSSENCMODE": "require",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "gss",
    "PGTARGETSESSIONATTRS": "standby",
    "PGLOADBALANCEHOSTS": "nonsense",
    "PGCLIENTENCODING": "LATIN1",
    "PGDATESTYLE": "nonsense",
    "PGTZ": "nonsense",
    "PGAPPNAME": "theirs",
    "PGCONNECT_TIMEOUT": "nonsense",
}
HOSTILE = LIBPQ | {
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "theirs",
    "DBT_PROFILES_DIR": "/nonexistent",
    "DBT_PROJECT_DIR": "/nonexistent",
    "DBT_TARGET_PATH": "/nonexistent",
    "DBT_LOG_PATH": "/nonexistent",
    "DBT_STATE": "/nonexistent",
    "DBT_WARN_ERROR": "true",
    "DAGSTER_HOME": "/nonexistent",
    "DAGSTER_CODE_SERVER_PORT": "1",
    "DAGSTER_INSTANCE_REF": "nonsense",
    "DAGSTER_GRPC_TIMEOUT_SECONDS": "0",
    "MLFLOW_REGISTRY_URI": "http://nowhere.example",
    "MLFLOW_EXPERIMENT_NAME": "theirs",
    "MLFLOW_RUN_ID": "theirs",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9",
    "PYTHONPATH": "/nonexistent",
    "PYTHONHOME": "/nonexistent",
    "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "/nonexistent",
    "WEB_CONCURRENCY": "9",
    "BOKEH_RESOURCES": "cdn",
    "no_grpc_proxy": "none.example",
    "grpc_proxy": UNREACHABLE,
    "http_proxy": UNREACHABLE,
    "HTTPS_PROXY": UNREACHABLE,
    "all_proxy": UNREACHABLE,
}
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with fresh_home(tmp_path_factory.mktemp("environment")) as home:
        yield home


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_REGION": "eu-west-1"} | HOSTILE


@pytest.mark.fault(67, "libpq, dbt, Dagster, MLflow, Python and proxy variables in the shell: no effect on a home")
def test_a_home_is_made_and_its_dbt_project_parsed_whatever_the_shell_sets(home: Home) -> None:
    hostile = Home(home.path, HOSTILE)
    hostile.run("keys", "create", "--name", "first", "--scopes", "read")
    report = hostile.json("status")
    assert len(HOSTILE) > 30
    assert report["assets"]
    assert (home.path / "dbt" / "target" / "manifest.json").exists()
    url = EmbeddedPostgres(home.path).url()
    assert url
    with psycopg.connect(url) as connection:
        row = connection.execute("select to_regclass('public.schema_version') is not null").fetchone()
    assert row == (True,)


def test_child_processes_see_none_of_them(hostile: dict[str, str]) -> None:
    isolate(hostile)
    shown = subprocess.run([sys.executable, "-c", SHOW], env=hostile, capture_output=True, text=True, check=True)
    seen = json.loads(shown.stdout)
    assert {name for name in HOSTILE if name in seen} == {"http_proxy", "HTTPS_PROXY", "all_proxy"}
    assert {"PATH", "HOME", "AWS_REGION", "DO_NOT_TRACK"} <= set(seen)


def test_every_variable_that_the_readme_documents_is_allowed() -> None:
    table = (PACKAGE_ROOT / "README.md").read_text().partition("## Configuration")[2].partition("## ")[0]
    documented = re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)
    assert len(documented) > 10
    assert set(documented) <= set(allowed(dict.fromkeys(documented, "x")))


def test_libpq_and_mlflow_variables_stay_for_servers_of_the_user(hostile: dict[str, str]) -> None:
    theirs = {"FOOTPRED_DATABASE_URL": "postgresql://db.example/x", "MLFLOW_TRACKING_URI": "https://mlflow.example"}
    token = {"MLFLOW_TRACKING_TOKEN": "t"}
    assert (LIBPQ | theirs | token).items() <= allowed(hostile | theirs | token).items()
    assert not {*LIBPQ, *token} & set(allowed(hostile | token | dict.fromkeys(theirs, "")))


def test_an_account_without_a_name_gets_what_libraries_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 2**31 - 7)
    kept = allowed({"FOOTPRED_HOME": "/srv/state"})
    assert (kept["USER"], kept["HOME"]) == (f"uid-{2**31 - 7}", "/srv/state")
    assert allowed({"HOME": "/", "USER": "app"}).items() >= {"HOME": "/", "USER": "app"}.items()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


CALLS = """
import sys, httpx, requests, urllib.request
url = sys.argv[1]
print(httpx.get(url).status_code, requests.get(url).status_code, urllib.request.urlopen(url).status)
for call in (httpx.get, requests.get, urllib.request.urlopen):
    try:
        call("http://site.invalid/")
    except Exception as error:
        print("refused" in str(error).lower())
"""


@pytest.mark.fault(67, "http_proxy, https_proxy, all_proxy: loopback is called directly, other hosts by the proxy")
@pytest.mark.parametrize("exempt", [{}, {"no_proxy": "intranet.example"}, {"NO_PROXY": ".example, other.example"}])
def test_loopback_goes_through_no_proxy_and_other_hosts_do(exempt: dict[str, str]) -> None:
    proxies = dict.fromkeys(("http_proxy", "HTTPS_PROXY", "all_proxy"), UNREACHABLE)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        environment = allowed(proxies | exempt | {"PATH": "/usr/bin:/bin"})
        command = [sys.executable, "-c", CALLS, url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        server.shutdown()
    assert done.stdout.split() == ["204"] * 3 + ["True"] * 3


def test_exempt_hosts_of_the_user_stay_and_all_of_them_means_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = allowed({"http_proxy": UNREACHABLE, "no_proxy": "intranet.example", "NO_PROXY": "b.example"})
    assert kept["no_proxy"] == kept["NO_PROXY"] == "b.example,intranet.example,127.0.0.1,localhost,::1"
    assert kept["http_proxy"] == UNREACHABLE
    everything = allowed({"http_proxy": UNREACHABLE, "no_proxy": "*"})
    assert "http_proxy" not in everything
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, everything[name])
    assert urllib.request.proxy_bypass_environment("127.0.0.1:80")  # type: ignore[attr-defined]
