import llmtrack
from llmtrack.openai import OpenAI

OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
progress: llmtrack.Flushed = llmtrack.flush(timeout=30)
print(progress.written, progress.waiting, progress.failed)  # 1 0 0
