"""Raw layer: archived bytes to typed rows."""
