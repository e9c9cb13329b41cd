"""Models and ratings. What predicts (``bundle``) needs no pandas; what is fitted does."""
