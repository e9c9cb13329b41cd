"""PostgreSQL is restarted in the middle of a run (FAULTS 25)."""

import dagster as dg
import psycopg
import pytest

from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.settings import Settings
from footpred_dagster.orchestration import retry_policy
from tests.support.postgres import own_home


@pytest.fixture(scope="module")
def own():
    """A home of this module alone: its server may be stopped."""
    with own_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def server(own):
    return EmbeddedPostgres(own)


@pytest.fixture
def real_warehouse(own, home, monkeypatch):
    """The very resource of the assets, on that server."""
    from footpred_dagster.defs import resources

    monkeypatch.setattr(resources, "SETTINGS", Settings(home=own))
    monkeypatch.setattr(retry_policy, "WAIT_SECONDS", 0.1)
    return resources.Warehouse()


def clubs(server: EmbeddedPostgres) -> list[tuple[str]]:
    with psycopg.connect(server.start()) as connection:
        return connection.execute("select name from marts.club order by 1").fetchall()


def test_fault_25_a_step_outlasts_a_restart_of_the_database_and_writes_once(server, real_warehouse):
    attempts = []

    @dg.asset
    def club(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[object]) -> None:
        attempts.append(context.retry_number)
        with warehouse.connect() as connection:
            connection.execute("create table if not exists marts.club (name text)")
            connection.execute("insert into marts.club values ('Alpha')")
            if not context.retry_number:
                server.stop()
                server.start()
            connection.execute("insert into marts.club values ('Beta')")

    result = dg.materialize([club], resources={"warehouse": real_warehouse}, raise_on_error=False)
    assert result.success
    assert attempts == [0, 1]
    assert clubs(server) == [("Alpha",), ("Beta",)]


@pytest.mark.parametrize(
    ("statement", "tries"),
    [
        ("select 1 / 0", 1),
        ("select pg_terminate_backend(pg_backend_pid())", 1 + retry_policy.MOST_RETRIES),
    ],
)
def test_fault_25_only_what_passes_is_tried_again(real_warehouse, statement, tries):
    """Forbids a run that fails three times over for an error that no rerun mends."""
    attempts = []

    @dg.op
    def ask(context: dg.OpExecutionContext, warehouse: dg.ResourceParam[object]) -> None:
        attempts.append(context.retry_number)
        with warehouse.connect() as connection:
            connection.execute(statement)

    @dg.job(resource_defs={"warehouse": real_warehouse})
    def asking() -> None:
        ask()

    assert not asking.execute_in_process(raise_on_error=False).success
    assert len(attempts) == tries
