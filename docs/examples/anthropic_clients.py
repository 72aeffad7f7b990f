from llmtrack.anthropic import Anthropic

client = Anthropic()
message = client.messages.create(
    model="claude-sonnet-4-6", max_tokens=100, messages=[{"role": "user", "content": "Hi"}]
)
print(message.role)  # assistant
