"""Predictions that take longer than a request: tasks in the database, made by workers, each with one result."""
