"""``footpred matches`` as a user types it (FAULTS 16, 53)."""

from __future__ import annotations

import contextlib
import io

import psycopg
import pytest

from footpred_dagster.cli.matches import print_rulings
from footpred_dagster.core.clubs.resolution import resolve
from footpred_dagster.core.matches import rulings
from tests.support.command import Home

ROWS = """
    insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals) values
        ('T1|2022-23', 'T1', '2022-23', 2, '2023-01-08', 'Galatasaray', 'Hatayspor', 4, 0),
        ('T1|2022-23', 'T1', '2022-23', 3, '2023-03-05', 'Hatayspor', 'Sivasspor', 0, 3),
        ('T1|2022-23', 'T1', '2022-23', 4, '2023-03-12', 'Sivasspor', 'Galatasaray', null, null),
        ('T1|2021-22', 'T1', '2021-22', 2, '2022-03-12', 'Sivasspor', 'Fenerbahce', 1, 0)
"""
GAME = ("T1", "2223", "Hatayspor", "sivasspor", "2023-03-05")
VOID = ("T1", "2022-23", "Sivasspor", "Galatasaray", "2023-03-12")
UNLISTED = ("T1", "2223", "Hatayspor", "Galatasaray", "2023-06-07")


@pytest.fixture
def user(database_url, tmp_path):
    """A home on a database with three matches, resolved as a run does."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(ROWS)
        resolve(connection)
    return Home(tmp_path, {"FOOTPRED_DATABASE_URL": database_url})


def stated(home: Home) -> list[tuple]:
    with psycopg.connect(home.environment["FOOTPRED_DATABASE_URL"]) as connection:
        return [
            (ruling.home_id, ruling.away_id, ruling.status, ruling.home_goals, ruling.reason)
            for ruling in rulings.stated(connection)
        ]


@pytest.mark.fault(53, "a user overrides the list and the rule")
@pytest.mark.fault(16, "a user gives an unplayed match its awarded score")
def test_a_ruling_is_kept_replaced_and_withdrawn(user):
    done = user.json("matches", "award", *VOID, "--score", "0-3", "--because", "riots")
    assert done == {
        "league": "T1",
        "season": "2022-23",
        "date": "2023-03-12",
        "home_id": "sivasspor",
        "away_id": "galatasaray",
        "status": "awarded",
        "score": "0-3",
        "because": "riots",
    }
    said = user.run("matches", "played", *GAME, "--because", "seen on TV")
    assert said == "hatayspor v sivasspor, T1 2023-03-05: played, from the next run on\n"
    user.run("matches", "void", *GAME, "--because", "annulled")
    user.run("matches", "award", *UNLISTED, "--score", "0-3", "--because", "withdrew")
    assert stated(user) == [
        ("hatayspor", "sivasspor", "void", None, "annulled"),
        ("sivasspor", "galatasaray", "awarded", 0, "riots"),
        ("hatayspor", "galatasaray", "awarded", 0, "withdrew"),
    ]
    user.run("matches", "withdraw", *GAME, "--because", "wrong match")
    assert [home for home, *_ in stated(user)] == ["sivasspor", "hatayspor"]
    waiting = user.json("matches", "rulings")["rulings"]
    assert [(row["home"], row["status"], row["in_force"]) for row in waiting] == [
        ("sivasspor", "awarded", False),
        ("hatayspor", "awarded", False),
    ]
    assert "user, waits for a run" in user.run("matches", "rulings")


def test_a_ruling_waits_until_the_match_is_built_as_it_says(user):
    with psycopg.connect(user.environment["FOOTPRED_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("""
            create table intermediate.int_matches as select 'T1' as league, '2022-23' as season,
                date '2023-06-07' as match_date, 'Hatayspor' as home_name, 'Galatasaray' as away_name,
                'hatayspor' as home_id, 'galatasaray' as away_id, 'awarded' as status, 0 as home_goals, 3 as away_goals,
                'user' as status_decided_by, 'withdrew' as ruling
        """)
    for score, waits in (("0-3", False), ("0-2", True)):
        user.run("matches", "award", *UNLISTED, "--score", score, "--because", "withdrew")
        found = user.json("matches", "rulings")["rulings"]
        assert [row["in_force"] for row in found] == ([False, True] if waits else [True])


BECAUSE = ("--because", "x")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("award", *GAME), "Missing option '--because'"),
        (("award", *GAME, "--because", " "), "write 1 to 500 characters"),
        (("award", *GAME, "--because", "a\x01b"), "no control characters"),
        (("award", *GAME[:3], "Fenerbahce", GAME[4], *BECAUSE, "--score", "0-3"), "not in T1 2022-23: fenerbahce"),
        (
            ("award", "T1", "2324", *GAME[2:4], "2024-03-05", *BECAUSE, "--score", "0-3"),
            "nothing of T1 2023-24 is loaded",
        ),
        (("award", *GAME, *BECAUSE, "--score", "3:0"), "is no score: write 0-3"),
        (("award", *GAME, *BECAUSE, "--score", "21-0"), "is no score"),
        (("award", "T9", *GAME[1:], *BECAUSE), "'T9' is no league"),
        (("award", "T1", "2224", *GAME[2:], *BECAUSE), "is not a season"),
        (("award", *GAME[:4], "2023-02-30", *BECAUSE), "is no day"),
        (("award", *GAME[:4], "2021-02-03", *BECAUSE), "2021-02-03 is no day of season 2022-23"),
        (("award", *GAME[:2], "Hatayspr", *GAME[3:], *BECAUSE), "no club of Turkey is called 'Hatayspr': hatayspor"),
        (("award", *GAME[:3], "hatayspor", GAME[4], *BECAUSE), "are one club"),
        (("played", *GAME[:4], "2023-03-06", *BECAUSE), "the files have that pair on 2023-03-05"),
        (("void", *UNLISTED, *BECAUSE), "the files do not have that pair"),
        (("award", *UNLISTED, *BECAUSE), "--score awards a match that no file has"),
        (("award", *GAME[:4], "2023-03-06", *BECAUSE, "--score", "0-3"), "one meeting too many"),
        (("award", *VOID, *BECAUSE), "the files have no score"),
        (("withdraw", *GAME, *BECAUSE), "nothing stated about"),
    ],
)
def test_a_ruling_that_cannot_be_meant_is_a_usage_error_and_keeps_nothing(user, arguments, said):
    assert said in " ".join(user.run("matches", *arguments, code=2).split())
    assert stated(user) == []


def test_a_reason_speaks_neither_markup_nor_to_the_terminal():
    row = dict.fromkeys(("league", "date", "home", "away", "status", "decided_by"), "x") | {
        "home_goals": 0,
        "away_goals": 3,
        "because": "[red]why[/nothing] \x1b[31m",
        "in_force": True,
    }
    with contextlib.redirect_stdout(io.StringIO()) as said:
        print_rulings([row])
    assert "[red]why[/nothing]" in said.getvalue()
    assert "\x1b" not in said.getvalue()
