"""The tables: facts, rollups, and the migrations that lead from one version to the next."""
