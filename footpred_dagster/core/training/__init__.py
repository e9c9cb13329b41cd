"""Fits: a recipe evaluated out of season and refitted on everything, and the searches for hyperparameters.

May import ``evaluation``, ``registry``, ``models`` and what is below. Who predicts is decided in ``promotion``.
"""
