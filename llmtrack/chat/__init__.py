"""What the chat page stands on."""
