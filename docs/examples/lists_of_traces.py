import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import (
    SessionRow,
    SpanRow,
    TraceDetail,
    TraceRow,
    UserRow,
    session,
    sessions,
    trace,
    traces,
    users,
)
from llmtrack.openai import OpenAI

llmtrack.identify("alice", plan="pro")
with llmtrack.trace("answer", user_id="alice", session_id="s1"), llmtrack.span("ask the model"):
    OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.flush()

ledger = open_ledger()
row: TraceRow = traces(ledger, where={"user": "alice"}).rows[0]
print(row.name, row.generations)  # answer 1
detail: TraceDetail = trace(ledger, row.trace)
steps: list[SpanRow] = list(detail.spans)
print([step.name for step in steps])  # ['answer', 'ask the model']
conversation: SessionRow = sessions(ledger).rows[0]
print(conversation == session(ledger, "s1"), conversation.traces)  # True 1
person: UserRow = users(ledger, order="-tokens").rows[0]
print(person.user, person.attributes["plan"], person.messages)  # alice pro 1
ledger.close()
