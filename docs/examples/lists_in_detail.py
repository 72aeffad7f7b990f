from datetime import UTC, datetime, timedelta

import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import (
    PARTS,
    QUANTITIES,
    CallPrice,
    FailureGroup,
    Failures,
    Judgement,
    PricedUsage,
    UserDetail,
    call_prices,
    failure_groups,
    generation_previews,
    generations,
    judgements,
    owner_of_session,
    owner_of_trace,
    priced_usage,
    trace_previews,
    user,
    user_exists,
)
from llmtrack.openai import OpenAI

llmtrack.identify("alice", plan="pro")
with llmtrack.context(user_id="alice", session_id="s1", trace_id="t1"):
    OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.feedback("t1", 1, user_id="alice", comment="Well said")
llmtrack.flush()

ledger = open_ledger()
alice: UserDetail = user(ledger, "alice")
print(alice.attributes["plan"], user_exists(ledger, "bob"))  # pro False
print(owner_of_session(ledger, "s1"), owner_of_trace(ledger, "t1"))  # alice alice
liked: Judgement = judgements(ledger, "alice")[0]
print(liked.score, liked.comment)  # 1 Well said

id = generations(ledger).rows[0].id
print(generation_previews(ledger, [id])[id], trace_previews(ledger, ["t1"])["t1"])  # Hi Hi
price: CallPrice = call_prices(ledger, [id])[id]
print(set(price.parts) <= set(PARTS))  # True
today = datetime.now(UTC).date()
line: PricedUsage = priced_usage(ledger, since=today - timedelta(days=1), until=today + timedelta(days=2))[0]
print(line.model, line.calls, set(line.quantities) <= set(QUANTITIES))  # gpt-4o-2024-08-06 1 True
failures: Failures = failure_groups(ledger)
groups: list[FailureGroup] = list(failures.groups)
print(groups, failures.complete)  # [] True
ledger.close()
