"""Models that can be chosen, and the clients that reach them."""
