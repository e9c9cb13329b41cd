"""The chart: what it refuses, and that the rendered example is what it renders."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

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
