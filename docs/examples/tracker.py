import llmtrack
from llmtrack.openai import OpenAI


def check(call):
    if call.model == "o1-pro":
        raise llmtrack.LimitExceeded("o1-pro is too dear")


tracker = llmtrack.Tracker(content="off", before_send=[check])
client = llmtrack.track(OpenAI(), tracker=tracker)
try:
    client.chat.completions.create(model="o1-pro", messages=[{"role": "user", "content": "Hi"}])
except llmtrack.LimitExceeded as refusal:
    print(refusal)  # o1-pro is too dear
print(tracker.close().waiting)  # 0
