"""Scores while matches are played. Off by default and shown only: they are edited for days and never train a model.

Nothing in this package writes to a table. Without it pages show the latest known results "as of", never "live".
"""
