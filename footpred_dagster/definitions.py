"""The code location, one page of policy: what is loaded, and how runs execute."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Everything under defs/ loads itself. Steps run in one process: starting one each would cost more than most do."""
    layers = dg.load_from_defs_folder(path_within_project=Path(__file__).parent / "defs")
    return dg.Definitions.merge(layers, dg.Definitions(executor=dg.in_process_executor))
