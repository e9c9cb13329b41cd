"""Stage finished: played matches with the identity they keep. Void ones are in the table too and prove to be void."""

import great_expectations.expectations as gxe

from footpred_dagster.core.domain import Outcome
from footpred_dagster.expectations.suite import (
    CLOSING,
    OPENING,
    Suite,
    between,
    in_season,
    never_null,
    no_row,
    odds,
)
from footpred_dagster.sources.parsing.values import MAX_GOALS

IDENTITY = ("match_id", "league", "season", "match_date", "home_name", "away_name")
MOST_MEETINGS = 8
"""At home in one season; the most there have been are 3 (SC0)."""

SUITE = Suite(
    name="finished",
    schema="intermediate",
    table="int_matches",
    identity=IDENTITY,
    expectations=[
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        *never_null(*IDENTITY, "country", "tier", "kickoff", "kickoff_known", "home_id", "away_id", "status"),
        gxe.ExpectColumnValuesToBeUnique(column="match_id"),
        gxe.ExpectColumnValuesToMatchRegex(column="match_id", regex="^[0-9a-f]{16}$"),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=["played", "awarded", "void"]),
        gxe.ExpectColumnValuesToBeInSet(column="outcome", value_set=[int(outcome) for outcome in Outcome]),
        *between(1, 9, "tier"),
        *between(1, MOST_MEETINGS, "meeting"),
        *between(0, MAX_GOALS, "home_goals", "away_goals"),
        no_row(
            "a played match has goals, a meeting and an outcome, an awarded one no outcome, a void one none of them",
            [*IDENTITY, "status", "home_goals", "away_goals", "outcome", "meeting"],
            "num_nulls(home_goals, away_goals, meeting) <> case status when 'void' then 3 else 0 end "
            "or (outcome is null) = (status = 'played')",
        ),
        no_row(
            "the outcome is that of the goals",
            [*IDENTITY, "home_goals", "away_goals", "outcome"],
            "outcome <> 1 - sign(home_goals - away_goals)",
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["league", "season", "home_id", "away_id", "meeting"], ignore_row_if="any_value_is_missing"
        ),
        gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=["home_id", "away_id"]),
        in_season(IDENTITY, "match_date"),
        no_row(
            "kickoff is an instant of the match's date in the UK",
            [*IDENTITY, "kickoff"],
            "(kickoff at time zone 'Europe/London')::date <> match_date",
        ),
        no_row(
            "nothing is finished that has not begun",
            [*IDENTITY, "kickoff", "status"],
            "status = 'played' and kickoff > now() + interval '1 day'",
        ),
        *odds(IDENTITY, OPENING, CLOSING),
    ],
)
