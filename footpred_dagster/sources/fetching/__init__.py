"""From a client to the archive: conditional requests, the fetch log, and shrunken files accepted by an engineer.

May import ``clients`` and ``core``.
"""
