"""Ratings of clubs: Elo, pi-ratings, and strengths by a filter on goals, shots and corners.

Each is one pass through history, a day at a time: all matches of a day are rated from the days before it. Constants are
chosen on seasons before any test window by ``tuning``; nothing is fitted inside a run.
"""
