"""The ``footpred`` group: which module has each command. A module is imported when its command runs.

So --help and completion import none of them, and a module may import at its top what its commands need.
"""

from __future__ import annotations

import os
from importlib import import_module

import click

from footpred_dagster.cli.session import Explained
from footpred_dagster.core import environment
from footpred_dagster.core.settings import Settings

SECTIONS = {
    "Run": {
        "run": ("run", "Fetch what changed and materialize everything stale"),
        "demo": ("run", "The same on fictional leagues without network, then up"),
        "up": ("services", "Run Dagster, MLflow, service and dashboard until Ctrl-C"),
        "down": ("services", "Stop everything of this home"),
        "status": ("status", "What is materialized, stale or failing; the champion"),
        "doctor": ("doctor", "Where this home is, and what is wrong with it"),
    },
    "Judge models": {
        "evaluate": ("evaluate", "Score models on whole seasons"),
        "replay": ("replay", "Predict a past season matchday by matchday"),
        "tune": ("tune", "Search hyperparameters of the boosted trees"),
        "promote": ("champion", "Make a model champion, past the gates"),
        "rollback": ("champion", "Go back to the champion before this one"),
        "pin": ("champion", "Keep the champion, whatever the policy finds"),
        "unpin": ("champion", "Let the policy decide again"),
        "veto": ("champion", "Never promote a model, whatever its scores"),
        "unveto": ("champion", "Let a model be judged by its scores again"),
    },
    "Prove": {
        "ledger": ("ledger", "Verify or export sealed predictions"),
        "lineage": ("lineage", "Trace a prediction to its model and raw files"),
        "reproduce": ("reproduce", "Fit a version again from archived bytes and compare"),
    },
    "Files of the source": {
        "inspect": ("inspect", "Tell whether run would accept a file"),
        "quarantine": ("quarantine", "List rows and values that failed the checks"),
        "accept": ("archive", "Let in a file that was refused for having shrunk"),
        "reload": ("archive", "Load one archived file again"),
        "pull": ("archive", "Copy from another archive what this one lacks"),
    },
    "State what the source does not tell": {
        "clubs": ("clubs", "Decide which club a doubtful name means"),
        "matches": ("matches", "Rule that a match was awarded, void or played"),
        "table": ("table", "Show a league table; state points given or taken"),
    },
    "Operate": {
        "keys": ("keys", "Create, list, rotate and revoke keys of the service"),
        "backup": ("backup", "Write what cannot be made again to a folder"),
        "restore": ("backup", "Fill an empty database from a backup"),
        "migrate": ("migrate", "Bring the database of a server to this version"),
    },
}
"""Commands in the order of --help: the module of ``footpred_dagster.cli`` that has each, and what it does."""
MODULES = {name: module for section in SECTIONS.values() for name, (module, _) in section.items()}
FORMER = {"backtest": "replay"}
"""Modules of names that are no longer listed."""


class Footpred(Explained):
    """Imports the module of a command when it is called; lists commands without that."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module_name = MODULES.get(cmd_name) or FORMER.get(cmd_name)
        if module_name is None:
            return None
        module = import_module(f"footpred_dagster.cli.{module_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])


@click.group(cls=Footpred, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footpred")
def main() -> None:
    """Football predictions, and proof of how good they are."""
    environment.isolate()
    environment.protect_files()
    _fix_home()


def _fix_home() -> None:
    """Name a relative FOOTPRED_HOME as the folder it is from here: child processes run in other folders."""
    chosen = os.environ.get("FOOTPRED_HOME")
    if chosen is None or chosen.startswith(("/", "~")):
        return
    home = str(Settings.from_env().home)
    click.echo(f"FOOTPRED_HOME {chosen!r} is relative: it is {home} here, another folder from elsewhere", err=True)
    os.environ["FOOTPRED_HOME"] = home
