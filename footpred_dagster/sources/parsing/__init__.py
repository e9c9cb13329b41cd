"""From bytes to typed cells and rows, whatever the source: encodings, columns, values, quarantine.

May import ``core``. Columns of one source are in the package of that source.
"""
