from concurrent.futures import ThreadPoolExecutor

import llmtrack
from llmtrack.openai import OpenAI


def answer(question):
    reply = OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": question}])
    return reply.choices[0].message.content


with llmtrack.context(user_id="alice"), ThreadPoolExecutor() as pool:
    print(*pool.map(llmtrack.propagate(answer), ["Hi", "Ho"]))  # Hello world Hello world
