"""The change that made an asset stale, named by its module."""

from __future__ import annotations

from footpred_dagster.core.code_versions import code_version, modules_of
from footpred_dagster.orchestration import code_log


def test_the_module_that_changed_since_a_recorded_version_is_named(connection):
    now = code_version("footpred_dagster.core.statistics.scoring_rules", "footpred_dagster.core.domain.odds")
    code_log.remember(connection, [now, None, "a dbt model's"])
    assert code_log.changed_modules(connection)(now, now) == []
    for module, digest in modules_of(now).items():
        row = ["earlier", module, "other" if module.endswith("scoring_rules") else digest]
        connection.execute("insert into monitoring.code_modules values (%s, %s, %s)", row)
    changed = code_log.changed_modules(connection)
    assert changed("earlier", now) == ["core.statistics.scoring_rules"]
    assert changed("never written down", now) == []
    assert changed(None, now) == []


def test_versions_are_written_down_once(connection):
    now = code_version("footpred_dagster.core.statistics.scoring_rules")
    for _ in range(2):
        code_log.remember(connection, [now])
    rows = connection.execute("select count(*) from monitoring.code_modules").fetchone()
    assert rows == (len(modules_of(now)),)


def test_a_home_that_was_not_migrated_yet_knows_no_module(connection):
    connection.execute("drop table monitoring.code_modules")
    assert code_log.changed_modules(connection)("a", "b") == []
