"""The ``footpred`` command: a module for each noun, and what it does in ``<noun>_commands``, imported when it runs.

May import everything but ``defs``. What ``footpred run`` does is in ``runner``, what ``footpred up`` starts in
``supervisor``.
"""


def main() -> None:
    """Run the command with the arguments of the process."""
    from footpred_dagster.cli.group import main as command

    command()
