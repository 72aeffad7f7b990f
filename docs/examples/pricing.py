from decimal import Decimal

from llmtrack.pricing import (
    BookEntry,
    Cost,
    Price,
    Priceable,
    Pricer,
    PriceRefused,
    Reason,
    Usage,
    UsageRecord,
    check,
    in_dollars,
    in_words,
)

JUNE = 1_780_272_000_000_000  # 2026-06-01, in microseconds since 1970
own = BookEntry("price", "ollama", "*", since=0, rates={"input": Decimal("0.10"), "output": Decimal("0.30")}, id=1)
pricer = Pricer([own])

call: Priceable = UsageRecord(Usage(input_tokens=1_000, output_tokens=500), "ollama", "llama3.2", JUNE)
cost: Cost = pricer.price(call)  # a generation of the ledger can be priced as it is
print(cost.status, in_dollars(cost.total))  # exact 0.00025
price: Price = cost.price
print(price.source, price.rates["output"])  # book 0.3

unknown = Pricer().price(call)
print(unknown.status, unknown.reason == Reason.NO_PRICE)  # unpriced True
print(in_words(unknown.reason))  # no price is known for this model at this provider; give it one in the price book

try:
    check(BookEntry("price", "ollama", "*", since=0, rates={"input": Decimal(-1)}), [own], at=JUNE)
except PriceRefused as refusal:
    print(refusal)  # input=-1 is negative; a price is 0 or more dollars per million tokens.
