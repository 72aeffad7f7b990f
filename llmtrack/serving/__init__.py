"""The outside: who is asking, and what the web server adds."""
