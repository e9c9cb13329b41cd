"""Clubs and their names: which club a spelling means, and how a reader finds one.

May import ``domain`` and ``matches``.
"""
