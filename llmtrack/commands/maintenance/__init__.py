"""The commands that look after a ledger: copies, erasure, retention, and whether its totals are right."""
