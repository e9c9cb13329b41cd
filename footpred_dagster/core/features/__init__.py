"""The contract between feature tables and models, the dataset cut at an instant, and feature rows made on request.

May import ``ratings``, ``matches`` and ``domain``. The SQL of features is in ``dbt_project``.
"""
