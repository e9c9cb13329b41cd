"""The endpoints, by what they are about. ``app`` lists them.

May import ``service``, ``state``, ``queue``, ``http`` and ``schemas``; SQL is in ``repository``.
"""
