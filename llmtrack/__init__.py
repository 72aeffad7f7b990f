"""Record what every call to OpenAI and Anthropic used, cost and how long it took."""
