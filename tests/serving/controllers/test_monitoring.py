"""What has drifted, as the newest look has it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _without_looks_of_other_tests(world):
    yield
    with world.connect() as connection:
        connection.execute("delete from monitoring.drift")


def look(connection, *rows: tuple[str, str, str, bool]) -> None:
    """(season, league, what it says, whether it is flagged) of a look at the outcome mix of 2020-21."""
    connection.execute("""
        insert into monitoring.drift_runs (as_of, current, reference, mix_reference, n_current, findings, alarms,
            report_sha256) values ('2021-07-01Z', '2020-21', '2018-20', '2018-19', 1, 1, '{}', repeat('0', 64))
    """)
    for season, league, says, flagged in rows:
        connection.execute(
            """
            insert into monitoring.drift values
                ('2021-07-01Z', 'outcome_mix', 'home win', %s, '2018-19', %s, 7000, 7100, 23.2, 0.04, 9e-6, 2e-5,
                %s, %s)
            """,
            [league, season, flagged, says],
        )


def test_before_the_first_look_nothing_has_drifted_and_nobody_says_when(client):
    assert client.get("/monitoring/drift").json() == {"as_of": None, "alarms": [], "findings": []}


def test_alarms_are_what_is_flagged_over_all_leagues_and_findings_are_everything(client, world):
    with world.connect() as connection:
        look(
            connection,
            ("2020-21", "all", "fewer home wins", True),
            ("2020-21", "E0", "fewer in E0", True),
            ("2020-21", "D1", "as before", False),
            ("2019-20", "all", "it was so then", True),
        )
    told = client.get("/monitoring/drift").json()
    assert (told["as_of"], told["alarms"]) == ("2021-07-01T00:00:00Z", ["fewer home wins"])
    assert [finding["league"] for finding in told["findings"]] == ["E0", "all", "all", "D1"]
    assert told["findings"][1]["p"] == 9e-6


def test_it_is_for_keys_that_may_read(anonymous):
    assert anonymous.get("/monitoring/drift").status_code == 401
