"""What the pages show, as rows: queries on marts, ratings, models, predictions and raw, by subject.

May import ``reader``. How rows look is in ``charts`` and ``pages``.
"""
