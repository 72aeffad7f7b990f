"""Answers in flight."""
