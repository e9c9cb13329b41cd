"""One prediction, from the ledger or on the spot, and its encoded forms.

May import ``state``, ``http`` and ``schemas``.
"""
