import time
from decimal import Decimal

from llmtrack.ledger import open_ledger
from llmtrack.ledger.price_book import (
    BookLine,
    Missing,
    add_price,
    list_prices,
    missing_prices,
    retire_price,
    why_missing,
)
from llmtrack.pricing import BookEntry, Pricer

ledger = open_ledger()
models: tuple[Missing, ...] = missing_prices(ledger)
print(len(models))  # 0
reason = why_missing(Missing("ollama", "llama3.2", calls=1, unpriced=1, input_tokens=10, output_tokens=10), Pricer())
print(reason.partition(";")[0])  # no price is known for this model at this provider

own = BookEntry("price", "ollama", "*", since=0, rates={"input": Decimal("0.10"), "output": Decimal("0.30")})
entry = add_price(ledger, own, by="ada")
print(entry.id, entry.title)  # 1 ollama/*: input $0.1, output $0.3
line: BookLine = list_prices(ledger)[0]
print(line.created_by, line.entry.holds(time.time_ns() // 1_000))  # ada True
print(retire_price(ledger, entry.id, by="ada", from_the_beginning=True).void)  # True
ledger.close()
