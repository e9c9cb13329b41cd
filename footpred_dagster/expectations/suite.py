"""The parts every suite is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from footpred_dagster.sources.parsing.values import BOOK_SUM, MAX_ODDS

SIDES = ("home", "draw", "away")
Line = tuple[str, str, str]
"""Columns of the prices of home, draw and away."""
OPENING: Line = ("opening_odds_home", "opening_odds_draw", "opening_odds_away")
CLOSING: Line = ("closing_odds_home", "closing_odds_draw", "closing_odds_away")

IN_SEASON = {
    "of two years": "{day} between make_date(left(season, 4)::int, 7, 1) and "
    "make_date(left(season, 4)::int + 1, 8, 31)",
    "of one year": "{day} between make_date(season::int, 1, 1) and make_date(season::int + 1, 3, 31)",
}
"""The latest a season ever ended: 7 August (I1, 2019-20) and 26 February (BRA, 2020); Argentina's 2019-20 stands apart:
stopped in March, played out in January 2021."""


@dataclass(frozen=True)
class Suite:
    """Statements about one table. ``identity`` are the columns by which a person finds a row."""

    name: str
    schema: str
    table: str
    identity: Sequence[str]
    expectations: Sequence[Expectation]


def never_null(*columns: str) -> list[Expectation]:
    return [gxe.ExpectColumnValuesToNotBeNull(column=column) for column in columns]


def between(low: float, high: float, *columns: str) -> list[Expectation]:
    """Every value that is there lies within [low, high]."""
    return [gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high) for column in columns]


def of_type(sql_type: str, *columns: str) -> list[Expectation]:
    """Columns have that PostgreSQL type, in capitals."""
    return [gxe.ExpectColumnValuesToBeOfType(column=column, type_=sql_type) for column in columns]


def no_row(description: str, columns: Sequence[str], where: str) -> Expectation:
    """No row of the table satisfies ``where``; those that do are shown by ``columns``."""
    query = f"select {', '.join(columns)} from {{batch}} where {where}"  # noqa: S608 - constants of the suites
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, description=description)


def odds(identity: Sequence[str], *lines: Line) -> list[Expectation]:
    """Each line of home, draw, away prices is whole or absent, above 1, and adds up to a bookmaker's margin."""
    low, high = BOOK_SUM
    statements: list[Expectation] = []
    for line in lines:
        statements += [
            gxe.ExpectColumnValuesToBeBetween(column=price, min_value=1, strict_min=True, max_value=MAX_ODDS)
            for price in line
        ]
        inverse = " + ".join(f"1 / {price}" for price in line)
        statements.append(
            no_row(
                f"{', '.join(line)} are all there or all absent, and their inverses add up to {low} to {high}",
                [*identity, *line],
                f"num_nulls({', '.join(line)}) in (1, 2) or not {inverse} between {low} and {high}",
            )
        )
    return statements


def in_season(identity: Sequence[str], day: str) -> Expectation:
    """The date ``day`` (an SQL expression) belongs to the row's season."""
    two, one = (condition.format(day=day) for condition in IN_SEASON.values())
    return no_row(
        f"{day} lies within the season",
        [*identity, "season"],
        f"not case when season like '%-%' then {two} else {one} end "
        "and not (league like 'ARG%' and season = '2019-20')",
    )
