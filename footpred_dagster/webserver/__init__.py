"""Dagster's webserver, with protection against requests that a page of another site makes a browser send.

May import ``core``. It is started by ``supervisor``.
"""
