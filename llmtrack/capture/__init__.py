"""Watching a call."""
