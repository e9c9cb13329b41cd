"""Charts as functions of plain rows. Each answers the question in the heading above it.

May import ``theme`` and ``reader``.
"""
