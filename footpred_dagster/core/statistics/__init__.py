"""Statistics of forecasts as functions of arrays: scoring rules, reliability, bootstrap and two-sample tests.

Imports nothing of ours. Which windows and models are compared is decided in ``evaluation``.
"""
