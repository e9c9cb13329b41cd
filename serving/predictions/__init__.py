"""One prediction, from the ledger or on the spot, and its encoded forms.

May import ``http`` and ``schemas``. What it predicts from is kept by ``state``.
"""
