"""From a prediction to the raw files behind it, and what it takes to fit a version again.

May import ``predictions``, ``registry`` and ``archive``.
"""
