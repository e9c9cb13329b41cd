"""Aliases by season, decisions before the seed, and ids of new clubs."""

from __future__ import annotations

import psycopg
import pytest

from footpred_dagster.core.clubs.aliases import (
    Alias,
    Aliases,
    aliases_in_force,
    decide,
    decisions_version,
    new_id,
    parse_seed,
    read_decisions,
    read_seed,
    seed_lines,
    seed_text,
)

SEED = [Alias("England", "Chester", "chester-1885", None, "2009-10"), Alias("England", "Chester", "chester", "2010-11")]


@pytest.mark.parametrize(
    ("season", "club"),
    [("1999-00", "chester-1885"), ("2009-10", "chester-1885"), ("2010-11", "chester"), ("2010", "chester")],
)
def test_a_name_means_the_club_of_its_season(season, club):
    assert Aliases(SEED).team_id("England", "Chester", season) == club


def test_a_name_outside_its_seasons_or_in_another_country_means_no_club():
    aliases = Aliases([Alias("England", "Chester", "chester", "2010-11", "2012-13")])
    assert [aliases.team_id("England", "Chester", season) for season in ("2009-10", "2013-14")] == [None, None]
    assert aliases.team_id("Scotland", "Chester", "2010-11") is None


def test_the_newest_decision_that_covers_the_season_is_in_force_before_the_seed(connection):
    for alias in (Alias("England", "Chester", "a"), Alias("England", "Chester", "b", "2020-21")):
        decide(connection, alias, actor="test")
    aliases = Aliases(SEED, read_decisions(connection))
    assert [aliases.team_id("England", "Chester", season) for season in ("2019-20", "2020-21")] == ["a", "b"]
    before = decisions_version(connection)
    decide(connection, Alias("England", "Chester", None), actor="test")
    assert decisions_version(connection) != before
    assert Aliases(SEED, read_decisions(connection)).team_id("England", "Chester", "2020-21") == "chester"
    decide(connection, Alias("England", "Chester", "c"), actor="test")
    assert aliases_in_force(connection).team_id("England", "Chester", "2020-21") == "c"


def test_a_decision_is_never_rewritten(connection):
    decide(connection, Alias("England", "Chester", "a"), actor="test")
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("update raw.club_decisions set team_id = 'b'")


def test_decisions_in_force_are_lines_of_the_seed(connection):
    given = [Alias("England", "A, B", "x", "2020-21"), Alias("Austria", "C", "y", None, "2001-02")]
    for alias in given:
        decide(connection, alias, actor="test")
    text = seed_text(seed_lines(connection))
    assert text == 'Austria,C,y,,2001-02\nEngland,"A, B",x,2020-21,\n'
    assert parse_seed(text, header=False) == given[::-1]


def test_a_line_of_the_seed_says_what_several_decisions_come_to(connection):
    for team_id, first, last in [
        ("x", None, None),
        ("x", None, None),
        ("y", "2000-01", "2003-04"),
        ("z", "2003-04", None),
        ("x", "2010-11", "2010-11"),
    ]:
        decide(connection, Alias("England", "A", team_id, first, last), actor="test")
    assert seed_text(seed_lines(connection)).splitlines() == [
        "England,A,x,,1999-00",
        "England,A,x,2010-11,2010-11",
        "England,A,y,2000-01,2002-03",
        "England,A,z,2003-04,2009-10",
        "England,A,z,2011-12,",
    ]


def test_the_seed_is_read_whole():
    seed = read_seed()
    assert len(seed) > 1400
    assert Alias("Spain", "Atl. Madrid", "ath-madrid") in seed


def test_a_new_club_gets_the_id_of_its_name_or_one_with_the_year_where_another_has_it():
    assert new_id("England", "Foo Town", None, {"foo"}) == "england-foo-town"
    assert new_id("England", "Foo Town", "2026-27", {"england-foo-town"}) == "england-foo-town-2026"
    with pytest.raises(ValueError, match="another club"):
        new_id("England", "Foo Town", "2026-27", {"england-foo-town", "england-foo-town-2026"})
