"""Conversations: stored, branched, recovered, imported and exported."""
