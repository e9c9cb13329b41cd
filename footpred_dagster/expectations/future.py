"""Stage future: listed fixtures with the identity they will have once played."""

import great_expectations.expectations as gxe

from footpred_dagster.expectations.finished import IDENTITY, MOST_MEETINGS
from footpred_dagster.expectations.suite import OPENING, Suite, between, in_season, never_null, no_row, odds

SUITE = Suite(
    name="future",
    schema="intermediate",
    table="int_fixtures",
    identity=IDENTITY,
    expectations=[
        *never_null(*IDENTITY, "country", "tier", "kickoff", "kickoff_known", "home_id", "away_id", "is_played"),
        gxe.ExpectColumnValuesToBeUnique(column="match_id"),
        gxe.ExpectColumnValuesToMatchRegex(column="match_id", regex="^[0-9a-f]{16}$"),
        gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=["home_id", "away_id"]),
        *between(1, 9, "tier"),
        *between(1, MOST_MEETINGS, "meeting"),
        in_season(IDENTITY, "match_date"),
        no_row(
            "kickoff is an instant of the fixture's date in the UK",
            [*IDENTITY, "kickoff"],
            "(kickoff at time zone 'Europe/London')::date <> match_date",
        ),
        no_row(
            "a fixture counts as played exactly when the results hold its id",
            [*IDENTITY, "is_played"],
            "is_played <> (match_id in (select match_id from intermediate.int_matches))",
        ),
        *odds(IDENTITY, OPENING),
    ],
)
