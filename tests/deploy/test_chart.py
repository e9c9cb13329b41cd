"""The chart: what it refuses, and that the rendered example is what it renders."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy import check

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
    ],
)
def test_refused(value: str) -> None:
    refused = template("--set", value)
    assert refused.returncode != 0
    assert "values don't meet the specifications of the schema" in refused.stderr


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
