"""Walk-forward evaluation: windows, stored predictions, and the tables by which models are judged.

May import ``models`` and what is below. What follows from the scores is decided in ``promotion``.
"""
