from llmtrack.pricing import Estimate, Freshness, Usage, WhatIf, estimate, freshness, keep_fresh, what_if

quote: Estimate = estimate("What is a ledger?", "gpt-4o", max_tokens=500)
print(quote.low < quote.expected < quote.high, quote.most_output_tokens)  # True 500

month = Usage(input_tokens=40_000_000, output_tokens=3_000_000, cache_read_tokens=25_000_000)
other: WhatIf = what_if(month, "claude-haiku-4-5", "anthropic", calls=12_000)
print(other.assumptions[0])  # the same number of tokens, although another model counts and answers differently

keep_fresh(url="http://127.0.0.1:9/prices.json", wait=5)  # the public list, unless a copy of it is named
prices: Freshness = freshness()
print(prices.refreshed_at, prices.error is None)  # None False
