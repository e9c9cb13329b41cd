"""The drill of the operations guide: the server is lost, a new one is filled from backup and archive, and goes on."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from tests.support.command import fresh_home

SERVED = "select match_id, p_home, p_draw, p_away from predictions.served order by 1"
BUILT = ("raw.matches", "ratings.team_elo", "models.evaluation")
FEW = ("--leagues", "E0,D1", "--seasons", "1920-2627")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_lost_server_is_replaced_from_a_backup_and_the_archive(tmp_path_factory):
    with (
        fresh_home(tmp_path_factory.mktemp("lost")) as lost,
        fresh_home(tmp_path_factory.mktemp("new")) as new,
    ):
        new = replace(new, environment={"FOOTPRED_STORAGE_URL": (lost.path / "archive").as_uri()})
        lost.run("run", "--source", "simulator", *FEW)
        folder = str(tmp_path_factory.mktemp("backups") / "today")
        ledger = lost.json("backup", folder)["ledger"]
        with psycopg.connect(lost.database_url) as connection:
            served = connection.execute(SERVED).fetchall()
            counts = {table: connection.execute(f"select count(*) from {table}").fetchone() for table in BUILT}
        lost.run("down")

        assert new.json("restore", folder)["ledger"]["head"] == ledger["head"]
        new.run("run", "--source", "archive", *FEW)
        assert new.json("ledger", "verify")["rows"] >= ledger["rows"] > 0
        with psycopg.connect(new.database_url) as connection:
            assert {table: connection.execute(f"select count(*) from {table}").fetchone() for table in BUILT} == counts
            assert connection.execute(SERVED).fetchall() == served != []
