"""The parts of the pages about who uses it, how often, and what they think of it."""
