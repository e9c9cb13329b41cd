"""The chart linted and rendered by two Helm versions, validated for two Kubernetes versions, scanned by trivy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy/chart"
HELMS = ("helm4", "helm3")
KUBERNETES = ("1.33", "1.36")
UNKNOWN = ("kind ServiceMonitor", "kind PrometheusRule")
"""Kinds of the Prometheus operator: Kubernetes has no schema for them."""
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Raises SystemExit with what it printed when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done


def validate(manifests: Path) -> None:
    """Strict, against each version. Raises SystemExit; a kind without a schema is only warned of, and fails here."""
    for version in KUBERNETES:
        found = run(BIN / "kubernetes-validate", "--strict", "-k", version, manifests)
        for line in (found.stdout + found.stderr).splitlines():
            if "WARN" in line and not any(kind in line for kind in UNKNOWN):
                raise SystemExit(line)


def scan(folder: Path) -> None:
    """Raises SystemExit for a finding that is high or critical."""
    offline = ("--skip-check-update", "--skip-version-check", "--disable-telemetry", "--quiet")
    run(BIN / "trivy", "config", *offline, "--exit-code", "1", "--severity", "HIGH,CRITICAL", folder)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for values in sorted((CHART / "ci").glob("*-values.yaml")):
            for helm in HELMS:
                tool = ROOT / ".tools" / helm
                run(tool, "lint", "--strict", CHART, "-f", values)
                rendered = Path(folder) / f"{helm}-{values.stem}.yaml"
                rendered.write_text(run(tool, "template", "footpred", CHART, "-f", values).stdout)
                validate(rendered)
        scan(Path(folder))
    sys.stdout.write("deploy: chart and manifests are sound\n")


if __name__ == "__main__":
    main()
