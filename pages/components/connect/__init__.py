"""The parts of the Connect page: a token, the lines that use it, and the call that shows they work."""
