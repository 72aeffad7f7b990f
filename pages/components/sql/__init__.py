"""The SQL page's parts."""
