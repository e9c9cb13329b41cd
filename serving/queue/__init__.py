"""Predictions that take longer than a request: tasks in the database, made by workers, each with one result.

May import ``http``, ``schemas`` and the connections. What makes them is in ``worker``.
"""
