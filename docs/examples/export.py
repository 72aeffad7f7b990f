import tempfile
from pathlib import Path

import llmtrack
from llmtrack.ledger import open_ledger
from llmtrack.ledger.export import (
    BATCH,
    FORMATS,
    Column,
    encoded,
    generation_columns,
    stream_generations,
    stream_result,
)
from llmtrack.ledger.metrics import ask
from llmtrack.openai import OpenAI

OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
llmtrack.flush()

ledger = open_ledger()
path = Path(tempfile.mkdtemp()) / "calls.csv"
with path.open("wb") as file:
    file.writelines(stream_generations(ledger, "csv"))  # BATCH rows at a time
header, row = path.read_text("utf-8-sig").splitlines()
print(len(header.split(",")) == len(generation_columns()))  # True
result = ask(ledger, "messages", by="user")
print(b"".join(stream_result(result, "jsonl")).decode().strip())  # {"user": null, "messages": 1}
columns = [Column("team", "text", "Who made the calls.")]
print(b"".join(encoded("jsonl", columns, [[("blue",)]])).decode().strip())  # {"team": "blue"}
print(*FORMATS, BATCH)  # csv jsonl parquet 2000
ledger.close()
