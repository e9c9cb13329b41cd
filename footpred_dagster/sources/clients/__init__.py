"""Places that serve files: HTTP within limits, a folder, the archive; one protocol for all.

May import ``core``. What is requested, and when, is decided in ``fetching`` and by each source.
"""
