import io

from llmtrack.ledger import open_ledger
from llmtrack.ledger.export import stream_generations
from llmtrack.ledger.lists import generations
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.price_book import list_prices

ledger = open_ledger()
print(len(ask(ledger, ["cost", "generations"], by="user").rows))  # 0
print(len(generations(ledger, limit=10).rows))  # 0
print(len(list_prices(ledger)))  # 0
with io.BytesIO() as file:
    file.writelines(stream_generations(ledger, "csv"))
ledger.close()
