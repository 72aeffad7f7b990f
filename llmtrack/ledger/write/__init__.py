"""Writing: a batch of records becomes rows and rollups in one transaction."""
