"""The chart: what it refuses, and that the rendered example is what it renders."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import check
from footpred_dagster.core.settings import COMPONENTS

HELM = check.ROOT / ".tools/helm4"
EXAMPLE = check.ROOT / "deploy/k8s/footpred.yaml"
needs_helm = pytest.mark.skipif(not HELM.exists(), reason="no Helm: make deploy-tools")


def template(*arguments: str) -> subprocess.CompletedProcess[str]:
    values = check.CHART / "ci/external-values.yaml"
    command = [str(HELM), "template", "footpred", str(check.CHART), "-f", str(values), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_helm
def test_the_example_is_what_the_chart_renders() -> None:
    assert template().stdout == EXAMPLE.read_text()


@needs_helm
@pytest.mark.parametrize(
    "value",
    [
        "ingress.tls.enabled=false",
        "ingress.tls.secretName=",
        "database.existingSecret=",
        "components.daemon.replicas=2",
        "login.enabled=true",
        "login.enabled=true,login.operators.secret=operators",
        "login.enabled=true,login.operators.secret=a,login.viewers.secret=b,login.viewers.authUrl=https://login.example.org",
        "login.enabled=true,login.operators.authUrl=https://login.example.org,login.viewers.secret=b",
        "login.enabled=true,login.operators.secret=a,login.viewers.secret=b,ingress.enabled=false",
        "login.enabled=true,login.operators.secret=a,login.viewers.secret=b,ingress.public=false,ingress.tls.enabled=false",
    ],
)
def test_refused(value: str) -> None:
    refused = template("--set", value)
    assert refused.returncode != 0
    assert "values don't meet the specifications of the schema" in refused.stderr


def of_kind(rendered: str, kind: str) -> dict[str, Any]:
    """Manifests by name without the release's."""
    manifests = [each for each in yaml.safe_load_all(rendered) if each and each["kind"] == kind]
    return {each["metadata"]["name"].removeprefix("footpred-"): each for each in manifests}


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    return dict(deployment["spec"]["template"]["spec"]["containers"][0])


@pytest.mark.fault(64, "a page of another origin sends GET and POST mutations to Dagster: refused")
def test_hosts_and_origins_are_checked() -> None:
    """Neither Dagster nor MLflow has an ingress without a login; a page can reach what is forwarded to loopback."""
    rendered = EXAMPLE.read_text()
    deployments = of_kind(rendered, "Deployment")
    assert container(deployments["webserver"])["command"][:3] == ["python", "-m", "footpred_dagster.webserver"]
    command = container(deployments["mlflow"])["command"]
    assert command[command.index("--allowed-hosts") + 1] == "footpred-mlflow:5000,localhost:*,127.0.0.1:*"
    assert "--cors-allowed-origins" not in command
    assert set(of_kind(rendered, "Ingress")) == {"api", "dashboard"}
    assert "webserver-viewer" not in deployments


@needs_helm
def test_the_owner_of_the_database_migrates_and_nobody_else() -> None:
    """In the chart's own database as in one elsewhere; and each component has a secret of its own."""
    inside = ("--set", "postgresql.enabled=true", "--set", "postgresql.password=x", "--set", "s3.enabled=true",
              "--set", "s3.accessKeyId=x", "--set", "s3.secretAccessKey=x")  # fmt: skip
    for arguments, prefix in (((), "footpred-database"), (inside, "footpred-postgresql")):
        rendered = template(*arguments).stdout
        found = {}
        for name, each in (of_kind(rendered, "Deployment") | of_kind(rendered, "Job")).items():
            secrets = [entry.get("valueFrom", {}).get("secretKeyRef") for entry in container(each)["env"]]
            found[name] = {secret["name"] for secret in secrets if secret and secret["key"] == "database-url"}
        everybody = {f"{prefix}-{component}" for component in COMPONENTS}
        assert found.pop("migrate") == {prefix, *everybody}
        own = {name: {"api": "service"}.get(name, name if name in COMPONENTS else "pipeline") for name in found}
        assert found == {name: {f"{prefix}-{component}"} for name, component in own.items()}


@needs_helm
def test_a_login_is_in_front_of_all_but_the_service() -> None:
    secrets = "login.enabled=true,login.operators.secret=operators"
    oidc = (
        "login.viewers.authUrl=https://login.example.org/auth,login.viewers.signinUrl=https://login.example.org/start"
    )
    rendered = template("--set", f"{secrets},{oidc}").stdout
    start = "nginx.ingress.kubernetes.io/auth-"
    logins = {
        each["spec"]["rules"][0]["host"]: {
            name.removeprefix(start): value for name, value in each["metadata"]["annotations"].items() if start in name
        }
        for each in of_kind(rendered, "Ingress").values()
    }
    operators = {"type": "basic", "secret": "operators", "realm": "footpred"}
    viewers = {"url": "https://login.example.org/auth", "signin": "https://login.example.org/start"}
    assert logins == {
        "footpred.example.org": {},
        "dagster.footpred.example.org": operators,
        "mlflow.footpred.example.org": operators,
        "dagster-viewer.footpred.example.org": viewers,
        "dashboard.footpred.example.org": viewers,
    }
    deployments = of_kind(rendered, "Deployment")
    for name, host in (("webserver", "dagster"), ("webserver-viewer", "dagster-viewer")):
        hosts = {"name": "FOOTPRED_DAGSTER_HOSTS", "value": f"{host}.footpred.example.org"}
        assert hosts in container(deployments[name])["env"]
    assert "--read-only" in container(deployments["webserver-viewer"])["command"]
    assert "--read-only" not in container(deployments["webserver"])["command"]
    assert "serviceAccountName" not in deployments["webserver-viewer"]["spec"]["template"]["spec"]
    mlflow = container(deployments["mlflow"])["command"]
    assert mlflow[-3].endswith(",mlflow.footpred.example.org")
    assert mlflow[-2:] == ["--cors-allowed-origins", "https://mlflow.footpred.example.org"]
    policies = of_kind(rendered, "NetworkPolicy")
    for name in ("webserver", "webserver-viewer", "mlflow"):
        assert "ingress-nginx" in str(policies[name]["spec"]["ingress"])


def test_the_example_is_valid() -> None:
    check.validate(EXAMPLE)


def test_a_misspelt_field_is_not_valid(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(EXAMPLE.read_text().replace("automountServiceAccountToken", "automountServiceAcountToken"))
    with pytest.raises(SystemExit):
        check.validate(wrong)


def test_gitlab_accepts_its_pipeline_and_every_job_calls_the_makefile() -> None:
    pipeline = check.ROOT / ".gitlab-ci.yml"
    command = [str(check.BIN / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    subprocess.run([*command, "--data-transform", "gitlab-ci", str(pipeline)], check=True, capture_output=True)
    jobs = {name: job for name, job in yaml.safe_load(pipeline.read_text()).items() if isinstance(job, dict)}
    lines = [line for job in jobs.values() for line in job.get("script", []) if "login" not in line]
    targets = set(re.findall(r"^([a-z-]+):", (check.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert lines
    for line in lines:
        assert line.startswith("make "), line
        assert line.split()[1] in targets, line
