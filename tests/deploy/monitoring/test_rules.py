"""What is committed under deploy/monitoring: valid for the tools that read it, whole, and made from the code."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest
import yaml

from tests.support.alerting import MONITORING, needs_prometheus

pytestmark = needs_prometheus
RULES = sorted((MONITORING / "rules").glob("*.yml"))
ALERTS = {
    rule["alert"]: rule
    for file in RULES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
}
TOLD_DIRECTLY = {"RunFailed"}
"""By a sensor, without a rule."""


def said(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_and_alertmanager_accept_what_they_are_given():
    said("promtool", "check", "config", MONITORING / "prometheus.yml")
    said("amtool", "check-config", MONITORING / "alertmanager.yml")


def test_every_alert_fires_and_keeps_quiet_just_before_it_should():
    tests = sorted((MONITORING / "rules" / "tests").glob("*_test.yml"))
    said("promtool", "test", "rules", *tests)
    tried = {
        (check["alertname"], bool(check.get("exp_alerts")))
        for file in tests
        for test in yaml.safe_load(file.read_text())["tests"]
        for check in test["alert_rule_test"]
    }
    assert tried == {(alert, fires) for alert in ALERTS for fires in (True, False)}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    for alert, rule in ALERTS.items():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"deploy/monitoring/runbooks/{alert}.md"
    runbooks = {file.stem: file.read_text() for file in (MONITORING / "runbooks").glob("*.md")}
    assert set(runbooks) == ALERTS.keys() | TOLD_DIRECTLY
    for name, text in runbooks.items():
        assert text.startswith(f"# {name}\n")
        assert "## Look" in text
        assert "## Do" in text


def test_runbooks_name_commands_that_exist():
    from footpred_dagster.cli.group import MODULES

    named = {
        word
        for file in (MONITORING / "runbooks").glob("*.md")
        for word in re.findall(r"`footpred (\w+)", file.read_text())
    }
    assert named <= MODULES.keys()
    assert "run" in named


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=critical", "alertname=ServiceDown"), "critical"),
        (("severity=warning", "alertname=Drift"), "warnings"),
    ],
)
def test_alerts_go_where_their_severity_says(labels, receiver):
    config = f"--config.file={MONITORING / 'alertmanager.yml'}"
    assert said("amtool", "config", "routes", "test", config, *labels).strip() == receiver


def dashboards():
    spec = importlib.util.spec_from_file_location("grafana_dashboards", MONITORING / "grafana" / "dashboards.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dashboards_are_what_their_code_makes():
    made = dashboards()
    assert {file.stem for file in (MONITORING / "grafana").glob("*.json")} == made.DASHBOARDS.keys()
    for name in made.DASHBOARDS:
        assert (MONITORING / "grafana" / f"{name}.json").read_text() == made.text(name), (
            f"run python deploy/monitoring/grafana/dashboards.py: {name}"
        )
