"""The job that the configured launcher would send for a run is valid, and as confined as the rest."""

from __future__ import annotations

from pathlib import Path

import yaml
from dagster._config import Shape, validate_config
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import DagsterK8sJobConfig, construct_dagster_k8s_job
from kubernetes.client import ApiClient

from deploy import check

EXAMPLE = check.ROOT / "deploy/k8s/footpred.yaml"


def test_the_job_of_a_run(tmp_path: Path) -> None:
    documents = yaml.safe_load_all(EXAMPLE.read_text())
    settings = next(found for found in documents if found and found["kind"] == "ConfigMap")
    launcher = yaml.safe_load(settings["data"]["dagster.yaml"])["run_launcher"]["config"]
    assert validate_config(Shape(K8sRunLauncher.config_type()), launcher).success
    context = K8sContainerContext.create_from_config({"k8s": {"run_k8s_config": launcher["run_k8s_config"]}})
    config = DagsterK8sJobConfig(
        job_image="footpred/pipeline:0.1.0",
        dagster_home=launcher["dagster_home"],
        instance_config_map=launcher["instance_config_map"],
        service_account_name=launcher["service_account_name"],
    )
    job = construct_dagster_k8s_job(config, ["true"], "run", context.run_k8s_config)
    sent = ApiClient().sanitize_for_serialization(job)
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(sent))
    check.validate(path)
    pod = sent["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert pod["metadata"]["labels"]["footpred/release"] == "footpred"
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert {"name": "config", "mountPath": "/etc/footpred", "readOnly": True} in container["volumeMounts"]
    assert any(entry["name"] == "FOOTPRED_PIPELINE_DATABASE_URL" and "valueFrom" in entry for entry in container["env"])
