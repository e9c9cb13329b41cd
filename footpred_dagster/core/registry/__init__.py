"""Fitted versions, and the decisions that say which of them predicts.

May import ``models`` and what is below. The rules of decisions are in ``promotion``.
"""
