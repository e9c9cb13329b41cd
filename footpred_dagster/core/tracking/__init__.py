"""The experiment log in MLflow, and the pages and pictures it keeps of a fit.

May import ``training``, ``evaluation`` and what is below. Nothing is decided from the log.
"""
