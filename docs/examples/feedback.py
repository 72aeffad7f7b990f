import llmtrack
from llmtrack.openai import OpenAI

llmtrack.identify("alice", plan="pro")
with llmtrack.trace("answer", user_id="alice") as root:
    OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.feedback(root.trace_id, 1, "Good answer")
print(llmtrack.flush().written)  # 4
