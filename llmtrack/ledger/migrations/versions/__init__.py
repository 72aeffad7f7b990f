"""The revisions, one file each; those that were released are never changed."""
