"""Predictions from sealing to settlement: batch, ledger and its verifier, track record, and a season replayed.

May import ``registry``, ``models`` and what is below. The service answers from what is sealed here.
"""
