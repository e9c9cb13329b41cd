"""Models, by recipe. What predicts (``bundle``) needs no pandas; what is fitted does.

May import ``features``, ``domain`` and ``archive``. Ratings are in ``ratings``, fits are made in ``training``.
"""
