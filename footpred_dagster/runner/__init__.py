"""What ``footpred run`` is: which assets are stale, in which order they are materialized, and what came of it.

May import ``orchestration``, ``sources`` and ``core``. Options and output of the command are in ``cli``; the assets
themselves are in ``defs``.
"""
