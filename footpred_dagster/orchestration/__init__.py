"""Dagster as the platform uses it: partitions, code versions, staleness, states of assets, instance, dbt, retention.

May import ``sources`` and ``core``, and no asset: those are in ``defs``, and what runs them for a command in
``runner``.
"""
