"""Stage features: what models read. Columns, types, nullability and ranges are those of ``features.contract``."""

import great_expectations.expectations as gxe

from footpred_dagster.core.features.contract import FEATURES, IDENTITY, believable
from footpred_dagster.expectations.suite import Suite, between, never_null, no_row, of_type

MAY_BE_NULL = {"latest_input"}
SHOWN = ("match_id", "league", "season", "kickoff")

SUITE = Suite(
    name="features",
    schema="features",
    table="fct_match_features",
    identity=SHOWN,
    expectations=[
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=[*IDENTITY, *(feature.name for feature in FEATURES)]),
        gxe.ExpectColumnValuesToBeUnique(column="match_id"),
        *never_null(*(name for name in IDENTITY if name not in MAY_BE_NULL)),
        *never_null(*(feature.name for feature in FEATURES if not feature.nullable)),
        *(
            expectation
            for feature in FEATURES
            for expectation in (
                *of_type(feature.dtype.upper(), feature.name),
                *between(*believable(feature.name), feature.name),
            )
        ),
        no_row(
            "everything a row is made of kicked off before its own kickoff",
            [*SHOWN, "latest_input"],
            "latest_input >= kickoff",
        ),
        no_row(
            "elo_difference is the difference of both ratings",
            [*SHOWN, "home_elo", "away_elo", "elo_difference"],
            "abs(elo_difference - (home_elo - away_elo)) > 1e-9",
        ),
        *(
            no_row(
                f"the {side} team has form and rest days exactly when it has played",
                [*SHOWN, f"{side}_matches_played", f"{side}_rest_days", f"{side}_points_last_5"],
                f"(num_nulls({side}_rest_days, {side}_points_last_5) <> "
                f"case when {side}_matches_played > 0 then 0 else 2 end)",
            )
            for side in ("home", "away")
        ),
    ],
)
