import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import (
    MAX_SORTED,
    GenerationDetail,
    GenerationRow,
    NotFound,
    Page,
    generation,
    generations,
)
from llmtrack.openai import OpenAI

with llmtrack.context(user_id="alice"):
    for question in ("Hi", "Ho", "Bye"):
        OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": question}])
llmtrack.flush()

ledger = open_ledger()
page: Page[GenerationRow] = generations(ledger, where={"user": "alice"}, limit=2)
print(len(page.rows), page.rows[0].input_tokens)  # 2 100
page = generations(ledger, where={"user": "alice"}, limit=2, after=page.after)
print(len(page.rows), page.after)  # 1 None
print(len(generations(ledger, order="-cost", max_sorted=MAX_SORTED).rows))  # 3

detail: GenerationDetail = generation(ledger, page.rows[0].id)
print(detail.input[0]["parts"][0]["content"])  # Hi
try:
    generation(ledger, 1)
except NotFound as error:
    print(error)  # There is no generation 1 (any more).
ledger.close()
