from datetime import UTC, datetime

import llmtrack
from llmtrack.limits import LimitExceeded
from llmtrack.openai import OpenAI


def nothing_left(call):
    raise LimitExceeded("Nothing is left of this month's $10.00", resets_at=datetime(2030, 1, 1, tzinfo=UTC))


tracker = llmtrack.Tracker(before_send=[nothing_left])
client = llmtrack.track(OpenAI(), tracker=tracker)
try:
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
except LimitExceeded as refusal:
    print(refusal, "until", refusal.resets_at.date())  # Nothing is left of this month's $10.00 until 2030-01-01
tracker.close()
