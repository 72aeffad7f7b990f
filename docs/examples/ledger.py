import llmtrack
from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.openai import OpenAI

OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.flush()  # a query sees what has been written
ledger: Ledger = open_ledger()
print(ledger.dialect.name)  # sqlite
ledger.close()

try:
    open_ledger("mysql://localhost/calls")
except LedgerError as error:
    print(type(error).__name__)  # LedgerError
