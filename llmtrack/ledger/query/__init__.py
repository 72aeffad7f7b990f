"""Queries: metrics by dimensions, planned, read and put together."""
