import llmtrack
from llmtrack.openai import OpenAI

with llmtrack.trace("answer", user_id="alice"), llmtrack.span("ask the model") as step:
    OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
print(step.name)  # ask the model
