"""Forecasts against bookmakers' prices: value, stakes, and accounts of what bets returned.

May import ``promotion``, ``evaluation`` and what is below. De-vigged odds are in ``domain.odds``.
"""
