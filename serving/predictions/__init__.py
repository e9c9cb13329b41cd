"""Predictions, from the ledger or on the spot: one, many, or those asked for at the same time.

May import ``state`` and what is below. How they are encoded is in ``schemas``.
"""
