"""The named automation conditions, each with its hazards."""

import dagster as dg


def follows_upstream() -> dg.AutomationCondition:
    """Whatever is upstream was materialized: so is this, in a run of its own, once nothing upstream is under way.

    For what tells about predictions and is in no one's way to them. Hazards:

    - ``eager()`` alone goes on from tables whose blocking checks failed: a check counts as upstream here.
    - It waits for every partition of a partitioned dependency. Of raw/matches some never come to exist, so an asset
      directly behind it needs ``without(~AutomationCondition.any_deps_missing())``; none that follows is.
    - A materialization counts, whether or not its data changed: the daily refresh is followed every day.
    """
    condition = dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
    return condition.with_label("follows upstream")
