"""Export: rows as CSV, JSON Lines or Parquet."""
