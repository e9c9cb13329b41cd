"""A source of our own: fictional clubs, known true probabilities, and a site that serves them as the real one does.

It is what the demo downloads and what tests use as their network.
"""

from footpred_dagster.sources.simulator.faults import Fault
from footpred_dagster.sources.simulator.server import SimulatorServer
from footpred_dagster.sources.simulator.site import render_fixtures, render_results, render_truth
from footpred_dagster.sources.simulator.truth import TruthRow, true_probabilities, write_truth
from footpred_dagster.sources.simulator.world import DEFAULT_FIRST_SEASON, DEFAULT_LEAGUES, SeasonMatches, World

__all__ = [
    "DEFAULT_FIRST_SEASON",
    "DEFAULT_LEAGUES",
    "Fault",
    "SeasonMatches",
    "SimulatorServer",
    "TruthRow",
    "World",
    "render_fixtures",
    "render_results",
    "render_truth",
    "true_probabilities",
    "write_truth",
]
