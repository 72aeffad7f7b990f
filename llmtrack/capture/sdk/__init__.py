"""The SDK's side: the tracked client, its calls and the bodies of their responses."""
