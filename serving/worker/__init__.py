"""``python -m serving.worker``: makes the predictions that were requested by queue.

May import ``service`` and ``queue``; how tasks are stored is in ``queue``.
"""
