"""Prometheus metrics of the pipeline: one page, made when it is requested, without the code location.

May import ``orchestration`` and ``core``. Rules and dashboards that read them are in ``deploy/monitoring``.
"""
