"""The Great Expectations suite of the raw stage, as a check of the results as loaded."""

from footpred_dagster.defs.expectation_checks import suite_check

raw_suite = suite_check(
    "raw",
    "raw/matches",
    "Great Expectations suite raw: keys, types, dates in season, counts and odds a match can have. "
    "Seasons with a few rows at fault are held back; so many that not all are shown block every league.",
    holds_back=True,
)
