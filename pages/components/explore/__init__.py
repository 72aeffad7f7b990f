"""The Explore page: an insight put together from metrics, what they are split by and how they are drawn."""
