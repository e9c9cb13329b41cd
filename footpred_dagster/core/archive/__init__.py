"""The content-addressed archive: a folder or an S3 bucket of objects named by their sha256.

May import ``settings``. What fills it is in ``sources.fetching``.
"""
