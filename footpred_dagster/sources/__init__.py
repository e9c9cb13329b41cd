"""Where the data comes from: sources, their formats, and the way into the archive and the raw tables."""
