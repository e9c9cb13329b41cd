"""Resources return core objects; on S3 the archive's client comes from dagster-aws."""

from __future__ import annotations

from footpred_dagster.core.settings import Settings

ATTEMPTS_OF_DAGSTER_AWS = 6  # the first and its five retries; ours are fewer


def test_the_archive_store_reaches_s3_through_dagster_aws(home, s3, monkeypatch):
    from footpred_dagster.defs import resources  # the home must be set before the resources read it

    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    url = f"s3://{s3.new_bucket()}/prod"
    monkeypatch.setattr(resources, "SETTINGS", Settings(home, storage_url=url))
    archive = resources.ArchiveStore().open()
    assert archive.place == url
    assert archive.get(archive.put(b"abc")) == b"abc"
    assert archive._client.meta.config.retries["total_max_attempts"] == ATTEMPTS_OF_DAGSTER_AWS
