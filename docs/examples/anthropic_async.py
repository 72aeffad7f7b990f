import asyncio

from llmtrack.anthropic import Anthropic, AsyncAnthropic, AsyncClient, Client


async def answer(question):
    async with AsyncAnthropic() as client:
        message = await client.messages.create(
            model="claude-sonnet-4-6", max_tokens=100, messages=[{"role": "user", "content": question}]
        )
    return message.role


print(asyncio.run(answer("Hi")))  # assistant
print(Client is Anthropic and AsyncClient is AsyncAnthropic)  # True
