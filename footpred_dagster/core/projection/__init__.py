"""How a season may end: rules of each league, its table, the matches to come, and thousands of ways to play them."""
