"""Faults a user can do something about end in one line, whatever the command; bugs show themselves."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import MODULES, main
from footpred_dagster.cli.session import Explained
from footpred_dagster.core.archive.base import ArchiveError

COMMANDS = [
    "promote stack:3 --because t",
    "rollback --because t",
    "pin --because t",
    "unpin --because t",
    "veto stack --because t",
    "unveto stack --because t",
    "keys list",
    "ledger verify",
    "clubs pending",
    "matches rulings",
    "table show E0",
    "quarantine",
    "status",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_does_not_answer_is_one_line_and_no_traceback(command, tmp_path):
    environment = {"FOOTPRED_DATABASE_URL": "postgresql://x:y@127.0.0.1:1/none", "FOOTPRED_HOME": str(tmp_path)}
    result = CliRunner().invoke(main, command.split(), env=environment)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Error: the database does not answer" in result.output
    assert "footpred doctor says more" in result.output


@pytest.mark.parametrize(
    "port", ["api", "api=", "api=0", "api=65536", "api=x", "site=8000", "=8000", "api=-1", "api=08"]
)
def test_a_port_that_cannot_be_one_is_a_usage_error(port):
    result = CliRunner().invoke(main, ["up", "--port", port])
    assert (result.exit_code, "write SERVICE=PORT" in result.output) == (2, True)


@click.group(cls=Explained)
def group() -> None:
    pass


@group.command()
@click.argument("what")
def fails(what: str) -> None:
    raise {"archive": ArchiveError("it is gone"), "bug": KeyError("x"), "usage": click.UsageError("no")}[what]


def test_a_bug_shows_itself_and_what_click_raises_stays_as_it_is():
    outcomes = {what: CliRunner().invoke(group, ["fails", what]) for what in ("archive", "bug", "usage")}
    assert (outcomes["archive"].exit_code, outcomes["archive"].output) == (1, "Error: it is gone\n")
    assert isinstance(outcomes["bug"].exception, KeyError)
    assert outcomes["usage"].exit_code == 2


def test_every_command_is_listed_with_what_it_does_and_has_help_of_its_own():
    listed = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {name} " in listed for name in MODULES)
    assert [line for line in listed.splitlines() if len(line) > 79] == []
    for name in MODULES:
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0
    assert "No such command 'nothing'" in CliRunner().invoke(main, ["nothing"]).output


def test_former_names_of_commands_work_and_say_so():
    said = CliRunner().invoke(main, ["backtest", "--season", "2324", "--leagues", "ARG"])
    assert (said.exit_code, "footpred backtest is footpred replay now" in said.output) == (2, True)
    assert "ARG: models learn from and predict the main divisions alone" in said.output
    said = CliRunner().invoke(main, ["replay", "--sha256", "abc"])
    assert (said.exit_code, "64 hex digits" in said.output) == (2, True)


def every_command(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("reason", ["", "  ", "\n", "a\x1b[2J", "x" * 501])
def test_no_command_takes_an_empty_reason(reason):
    found = {path: [each for each in command.params if each.name == "because"] for path, command in every_command(main)}
    having = {path: options[0] for path, options in found.items() if options}
    assert len(having) >= 10
    for option in having.values():
        with pytest.raises(click.BadParameter):
            option.process_value(click.Context(main), reason)


@pytest.mark.parametrize("source", ["", "  "])
def test_an_empty_source_is_no_default(source):
    said = CliRunner().invoke(main, ["run", "--source", source])
    assert (said.exit_code, "leave the option out" in said.output) == (2, True)
