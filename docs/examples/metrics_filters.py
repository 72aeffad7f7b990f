import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import MAX_ROWS, Answer, Cancel, Cancelled, Filter, Query, TooManyRows, ask, make_query
from llmtrack.openai import OpenAI

for feature in ("chat", "summary"):
    with llmtrack.context(feature=feature, properties={"plan": "pro"}):
        OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.flush()

ledger = open_ledger()
not_summaries: Answer = ask(ledger, "messages", by="feature", where=[Filter("feature", ("summary",), negated=True)])
print([row["feature"] for row in not_summaries])  # ['chat']

query: Query = make_query("messages / users", by="week", where={"feature": ["chat", "summary"]})
print(query.metrics, query.grain)  # ('messages / users',) week

try:
    ask(ledger, "messages", where={"property.plan": "pro"}, max_rows=1)  # MAX_ROWS unless given
except TooManyRows as refusal:
    print(refusal.rows, MAX_ROWS)  # 2 200000

cancel = Cancel()
cancel()  # from another thread, as a rule
try:
    ask(ledger, "messages", cancel=cancel)
except Cancelled:
    print("given up")  # given up
ledger.close()
