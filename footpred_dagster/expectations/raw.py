"""Stage raw: lines of results files as loaded, before anything is derived from them."""

import great_expectations.expectations as gxe

from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.expectations.suite import Suite, between, in_season, never_null, no_row, odds, of_type
from footpred_dagster.sources.parsing.records import RawMatch
from footpred_dagster.sources.parsing.values import MAX_GOALS, MAX_STATISTIC

IDENTITY = ("partition_key", "line", "match_date", "home", "away")
GOALS = ("home_goals", "away_goals")
HALF_TIME = ("ht_home_goals", "ht_away_goals")
STATISTICS = RawMatch._fields[RawMatch._fields.index("home_shots") : RawMatch._fields.index("avg_h")]

SUITE = Suite(
    name="raw",
    schema="raw",
    table="matches",
    identity=IDENTITY,
    expectations=[
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        *never_null(*IDENTITY, "league", "season"),
        *of_type("DATE", "match_date"),
        *of_type("SMALLINT", *GOALS),
        gxe.ExpectColumnValuesToBeInSet(column="league", value_set=list(LEAGUES)),
        no_row(
            "a row lies in the partition of its league and season",
            [*IDENTITY, "league", "season"],
            "partition_key <> league || '|' || season",
        ),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["partition_key", "match_date", "home", "away"]),
        gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(
            column_list=["home", "away"], description="nobody plays against himself"
        ),
        in_season(IDENTITY, "match_date"),
        no_row(
            "a match has both goals or, void, neither",
            [*IDENTITY, *GOALS],
            "num_nulls(home_goals, away_goals) = 1",
        ),
        *between(0, MAX_GOALS, *GOALS, *HALF_TIME),
        *between(0, MAX_STATISTIC, *STATISTICS),
        no_row(
            "nobody has fewer goals at the end than at half time",
            [*IDENTITY, *GOALS, *HALF_TIME],
            "ht_home_goals > home_goals or ht_away_goals > away_goals",
        ),
        no_row(
            "no more shots on target than shots",
            [*IDENTITY, "home_shots", "home_shots_on_target", "away_shots", "away_shots_on_target"],
            "home_shots_on_target > home_shots or away_shots_on_target > away_shots",
        ),
        *odds(IDENTITY, ("avg_h", "avg_d", "avg_a"), ("avg_close_h", "avg_close_d", "avg_close_a")),
    ],
)
