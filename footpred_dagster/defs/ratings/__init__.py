"""Ratings computed in Python between two dbt layers."""
