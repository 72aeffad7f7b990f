import asyncio

from llmtrack.openai import AsyncClient, AsyncOpenAI, Client, OpenAI


async def answer(question):
    async with AsyncOpenAI() as client:
        reply = await client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": question}])
    return reply.choices[0].message.content


print(asyncio.run(answer("Hi")))  # Hello world
print(Client is OpenAI and AsyncClient is AsyncOpenAI)  # True
