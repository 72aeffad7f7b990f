"""The chat page's conversations, as they are stored."""
