"""What several tests need: a small site with known contents, and a warehouse built from compiled SQL."""
