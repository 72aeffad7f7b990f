import openai

import llmtrack

client = llmtrack.track(openai.OpenAI(), provider="openai", user_id="alice")
reply = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
print(reply.choices[0].message.content)  # Hello world
