"""The databases underneath: what SQLite and PostgreSQL have in common, and where they differ."""
