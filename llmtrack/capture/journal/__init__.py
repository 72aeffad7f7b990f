"""Records on their way to the ledger, safe on disk."""
