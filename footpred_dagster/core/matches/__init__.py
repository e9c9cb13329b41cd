"""Matches in the warehouse: rulings, held and whole seasons, league tables, and whether they are real or simulated.

May import ``domain`` and ``database``. How results files become rows is in ``sources``.
"""
