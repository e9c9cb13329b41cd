"""The Great Expectations suites of finished matches, of fixtures, and of what models read.

They block every league: their rows passed the checks of the raw tables, so a fault is one of this project's SQL.
"""

from footpred_dagster.defs.expectation_checks import suite_check

finished_suite = suite_check(
    "finished",
    "intermediate/int_matches",
    "Great Expectations suite finished: identity, outcomes that agree with goals, kickoff in season, plausible odds.",
)
future_suite = suite_check(
    "future",
    "intermediate/int_fixtures",
    "Great Expectations suite future: identity, kickoff in season, played or not as the results say, plausible odds.",
)
features_suite = suite_check(
    "features",
    "features/fct_match_features",
    "Great Expectations suite features: columns, types, nulls and ranges of the contract, nothing from the future.",
)
