"""How a season may end: its table, the matches to come, and thousands of ways to play them.

May import ``registry``, ``models``, ``features`` and ``domain``, which has the rules of leagues.
"""
