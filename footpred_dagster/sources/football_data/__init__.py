"""football-data.co.uk: parsers of its files, what a file must satisfy to be loaded, the load, and when to ask again.

May import ``fetching``, ``parsing``, ``clients`` and ``core``.
"""
