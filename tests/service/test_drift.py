"""What has drifted, as the newest look has it."""

from __future__ import annotations


def look(connection, *rows: tuple[str, str, bool]) -> None:
    """(league, what it says, whether it is flagged) of one look at the outcome mix."""
    for league, says, flagged in rows:
        connection.execute(
            """
            insert into monitoring.drift values
                ('2021-07-01Z', 'outcome_mix', 'home win', %s, '2018-19', '2020-21', 7000, 7100, 23.2, 0.04, 9e-6, 2e-5,
                %s, %s)
            """,
            [league, flagged, says],
        )


def test_before_the_first_look_nothing_has_drifted_and_nobody_says_when(client):
    assert client.get("/monitoring/drift").json() == {"as_of": None, "alarms": [], "findings": []}


def test_alarms_are_what_is_flagged_over_all_leagues_and_findings_are_everything(client, world):
    with world.connect() as connection:
        look(connection, ("all", "fewer home wins", True), ("E0", "fewer in E0", True), ("D1", "as before", False))
    told = client.get("/monitoring/drift").json()
    assert (told["as_of"], told["alarms"]) == ("2021-07-01T00:00:00Z", ["fewer home wins"])
    assert [finding["league"] for finding in told["findings"]] == ["E0", "all", "D1"]
    assert told["findings"][1]["p"] == 9e-6


def test_it_is_for_keys_that_may_read(anonymous):
    assert anonymous.get("/monitoring/drift").status_code == 401
