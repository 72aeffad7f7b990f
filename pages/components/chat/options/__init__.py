"""What can be chosen for a message or a conversation beside the model: web search, nothing kept, a link for others."""
