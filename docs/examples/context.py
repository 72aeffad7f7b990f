import llmtrack
from llmtrack.openai import OpenAI

with llmtrack.context(user_id="alice", session_id="s1", feature="summary", properties={"plan": "pro"}):
    OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
print(llmtrack.flush().failed)  # 0
