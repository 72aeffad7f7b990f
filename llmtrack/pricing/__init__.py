"""Usage to cost, with its provenance."""
