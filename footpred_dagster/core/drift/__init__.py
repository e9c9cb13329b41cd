"""Drift of outcomes, features and forecasts between seasons: tests, tables and the report.

May import everything of ``core``; imported by assets alone.
"""
