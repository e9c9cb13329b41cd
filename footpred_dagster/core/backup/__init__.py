"""Backup of what cannot be made again, and its restoration.

May import ``predictions``, ``database`` and ``archive``. Which tables are held is in ``database.tables``.
"""
