"""The endpoints, by what they are about. ``app.py`` lists them."""
