"""Run one suite on PostgreSQL: what holds, what does not, and the rows that break it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import great_expectations as gx
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation

from footpred_dagster.expectations.report_pages import write_page
from footpred_dagster.expectations.suite import Suite

Run = Callable[[str, Sequence[Expectation], dict[str, Any]], ExpectationSuiteValidationResult]

SHOWN_ROWS = 20
COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
FIRST_ROWS = {"result_format": "SUMMARY", "partial_unexpected_count": SHOWN_ROWS}
ALL_ROWS = {"result_format": "COMPLETE"}
"""What Great Expectations is to bring back. A query's rows come only with COMPLETE, which stops at 200 of them; for a
statement about values COMPLETE would fetch every row there is."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a suite.

    failed: the statements that do not hold, in words. examples: up to ``SHOWN_ROWS`` rows that break them, as text
    under ``columns``: statement, identity of the row, values at fault; every such row where ``all_shown``. page: the
    data docs.
    """

    passed: bool
    evaluated: int
    failed: list[str]
    columns: list[str]
    examples: list[list[str]]
    all_shown: bool
    page: Path


def load_suite(stage: str) -> Suite:
    """The suite of a stage: raw, finished, future or features."""
    suite = import_module(f"footpred_dagster.expectations.{stage}").SUITE
    assert isinstance(suite, Suite)
    return suite


def validate(suite: Suite, database_url: str, docs: Path) -> Report:
    """Evaluate ``suite`` and write its page to ``docs/<suite>/index.html``.

    Twice where it fails: counting first (a few table scans for all statements together), and only what failed once
    more for its rows, which costs two scans a statement.
    """
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            # No docs site of its own: pages.py writes the page.
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    parts = urlsplit(database_url)  # SQLAlchemy would write a space of the password as one, which is refused
    query = urlencode([*parse_qsl(parts.query), ("options", f"-csearch_path={suite.schema}")])
    url = urlunsplit(parts._replace(scheme="postgresql+psycopg2", query=query))
    source = context.data_sources.add_postgres("warehouse", connection_string=url)
    table = source.add_table_asset(suite.table, table_name=suite.table)
    batch = table.add_batch_definition_whole_table("all")

    def run(name: str, expectations: Sequence[Expectation], form: dict[str, Any]) -> ExpectationSuiteValidationResult:
        # Copies: an expectation keeps the id its suite gave it, and no other suite takes it then.
        fresh = [one.copy(update={"id": None}) for one in expectations]
        definition = gx.ValidationDefinition(
            name=name, data=batch, suite=context.suites.add(gx.ExpectationSuite(name, expectations=fresh))
        )
        return context.validation_definitions.add(definition).run(result_format=form)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own deprecations; what it finds it returns
            result = run(suite.name, suite.expectations, COUNTS)
            broken = [one for one in result.results if not one.success]
            if broken:
                broken = _with_rows(broken, run, suite.identity)
                result.results = broken + [one for one in result.results if one.success]
            columns, examples = ["expectation", *suite.identity, "values"], list(_examples(suite, broken))
            page = write_page(docs / suite.name / "index.html", result, columns, examples)
    finally:
        source.get_engine().dispose()
    return Report(
        passed=not broken,
        evaluated=len(suite.expectations),
        failed=[_statement(one) for one in broken],
        columns=columns,
        examples=examples,
        all_shown=all(0 < len(_rows(one.result or {})) < _share(broken) for one in broken),
        page=page,
    )


def _with_rows(
    broken: Sequence[ExpectationValidationResult], run: Run, identity: Sequence[str]
) -> list[ExpectationValidationResult]:
    """The failed statements evaluated again, now for their rows."""
    kinds: dict[bool, list[Expectation]] = {True: [], False: []}
    for one in broken:
        expectation = _domain(one)
        kinds[isinstance(expectation, UnexpectedRowsExpectation)].append(expectation)
    columns = {"unexpected_index_column_names": list(identity)}
    by_query = run("by query", kinds[True], ALL_ROWS | columns).results if kinds[True] else []
    by_value = run("by value", kinds[False], FIRST_ROWS | columns).results if kinds[False] else []
    return [*by_query, *by_value]


def _domain(one: ExpectationValidationResult) -> Expectation:
    assert one.expectation_config
    return one.expectation_config.to_domain_obj()


def _examples(suite: Suite, broken: Sequence[ExpectationValidationResult]) -> Iterator[list[str]]:
    """Rows of each failed statement; one about the table as a whole has what was observed instead."""
    share = _share(broken)
    for one in broken[:SHOWN_ROWS]:
        found = one.result or {}
        rows = _rows(found)
        for row in rows[:share]:
            rest = ", ".join(f"{name} {value}" for name, value in row.items() if name not in suite.identity)
            yield [_statement(one), *(str(row.get(name, "")) for name in suite.identity), rest]
        if not rows:
            said = (one.exception_info or {}).get("exception_message") or f"observed {found.get('observed_value')}"
            yield [_statement(one), *("" for _ in suite.identity), str(said)]


def _share(broken: Sequence[ExpectationValidationResult]) -> int:
    """How many rows of each broken statement are shown."""
    return max(1, SHOWN_ROWS // max(1, len(broken)))


def _rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Offending rows, wherever the kind of statement puts them; of compound keys only the key's own columns."""
    return (
        (found.get("details") or {}).get("unexpected_rows")
        or found.get("partial_unexpected_index_list")
        or [row for row in found.get("partial_unexpected_list") or [] if isinstance(row, dict)]
    )


def _statement(one: ExpectationValidationResult) -> str:
    """What was expected, in the words of the suite or of the expectation's name and arguments."""
    config = one.expectation_config
    if config is None:
        return "?"
    if config.description:
        return str(config.description)
    said = {name: value for name, value in config.kwargs.items() if name not in ("batch_id", "value_set")}
    return f"{config.type} {', '.join(f'{name}={value}' for name, value in said.items())}"
