import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import MONEY, OTHERS, Money, QueryResult, Row, ask, money
from llmtrack.openai import OpenAI

for user in ("alice", "alice", "bob"):
    with llmtrack.context(user_id=user):
        OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.flush()

ledger = open_ledger()
result: QueryResult = ask(ledger, ["messages", "input_tokens", *MONEY], by="user", order="-messages")
first: Row = result.rows[0]
print(first["user"], first["messages"], first["input_tokens"])  # alice 2 200
print(result.totals["messages"], result.units["cost"])  # 3 usd
spent: Money = money(result.totals)
print(spent.generations, spent.simulated)  # 3 None
print(len(ask(ledger, "cost", by=["model", "feature"], where={"user": "alice"}).rows))  # 1
largest = ask(ledger, "messages", by="user", top=1)
print([(row["user"], row["messages"]) for row in largest], OTHERS)  # [('alice', 2), ('all others', 1)] all others
ledger.close()
