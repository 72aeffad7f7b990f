"""Price recorded provider traffic with llmtrack and with genai-prices itself, and print where the two differ.

    python benchmarks/replay_prices.py traffic.jsonl.gz

The file has one JSON object a line: ``host``, ``provider``, ``endpoint``, ``request``, ``status``, ``headers`` and
``body`` (base64). llmtrack reads the bytes with its own readers; genai-prices is given the provider's usage object.
Agreement means that input, output and the rest are each within a nano-dollar.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from genai_prices import calc_price, extract_usage

from llmtrack.capture.readers import Exchange, read
from llmtrack.pricing import Cost, Pricer, UsageRecord, in_words

READERS = {
    "chat": "openai.chat",
    "responses": "openai.responses",
    "embeddings": "openai.embeddings",
    "messages": "anthropic.messages",
}
FLAVOURS = {"responses": "responses", "embeddings": "embeddings", "messages": "default"}
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NANO = Decimal(10) ** 9
# What genai-prices calls the hosts in this traffic; it has no name for the others.
AT_HOST = {"api.openai.com": "openai", "api.anthropic.com": "anthropic"}


@dataclass(frozen=True)
class Recorded:
    """One recorded interaction, with its body undone from base64."""

    host: str
    endpoint: str
    request: dict[str, Any]
    status: int
    content_type: str
    body: bytes


def load(path: str) -> Iterator[Recorded]:
    """The interactions that were answered with 2xx."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            if 200 <= row["status"] < 300:
                yield Recorded(
                    row["host"], row["endpoint"], row["request"] or {}, row["status"],
                    row["headers"].get("content-type", ""), base64.b64decode(row["body"]),
                )  # fmt: skip


def own_usage(recorded: Recorded) -> dict[str, Any] | None:
    """The answer as far as prices need it (model, usage, tier), put together without llmtrack's readers."""
    text = recorded.body.decode("utf-8", "replace")
    if "text/event-stream" not in recorded.content_type and not text.lstrip().startswith(("data:", "event:")):
        try:
            whole = json.loads(text)
        except ValueError:
            return None
        return whole if isinstance(whole, dict) and whole.get("usage") else None
    found: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.startswith("data:") or line.strip() == "data: [DONE]":
            continue
        try:
            event = json.loads(line[5:])
        except ValueError:
            continue
        holder = event.get("response") or event.get("message") or event
        found |= {key: holder[key] for key in ("model", "service_tier") if holder.get(key)}
        told = holder.get("usage") or event.get("usage") or {}
        usage |= {key: value for key, value in told.items() if value is not None}
    return {**found, "usage": usage} if usage else None


def price_by_library(recorded: Recorded, answer: dict[str, Any]) -> dict[str, Decimal] | str:
    """What genai-prices makes of the provider's own usage object; or why it makes nothing of it."""
    where: dict[str, Any] = {"provider_api_url": f"https://{recorded.host}"}
    if recorded.host in AT_HOST:
        where = {"provider_id": AT_HOST[recorded.host]}
    tier = answer.get("service_tier")
    try:
        usage = None
        for flavour in (FLAVOURS.get(recorded.endpoint, "chat"), "default", "chat"):
            try:
                usage = extract_usage(answer, **where, api_flavor=flavour).usage
                break
            except (ValueError, LookupError):
                continue
        if usage is None:
            return "no usage it can read"
        context = {"service_tier": tier} if tier and recorded.host in AT_HOST else None
        made = calc_price(
            usage, answer.get("model") or recorded.request.get("model") or "",
            **where, genai_request_timestamp=NOW, price_context=context,
        )  # fmt: skip
    except (ValueError, LookupError) as error:
        return str(error)[:60]
    rest = made.total_price - made.input_price - made.output_price
    return {"input": made.input_price, "output": made.output_price, "rest": rest}


def ours(cost: Cost) -> dict[str, Decimal]:
    """llmtrack's parts as the library divides them; audio and images do not occur in this traffic."""

    def dollars(*nano: int | None) -> Decimal:
        return sum((Decimal(one) / NANO for one in nano if one is not None), Decimal(0))

    return {
        "input": dollars(cost.input, cost.cache_read, cost.cache_write),
        "output": dollars(cost.output, cost.reasoning),
        "rest": dollars(cost.request, cost.tool),
    }


def compare(recorded: Recorded, pricer: Pricer) -> tuple[str, str, Decimal]:
    """How the two stand to each other, an example, and the largest difference of a part in nano-dollars."""
    reading = read(
        READERS[recorded.endpoint],
        Exchange(
            request=json.dumps(recorded.request).encode(), response=recorded.body,
            content_type=recorded.content_type, http_status=recorded.status, provider=recorded.host,
        ),
        content=False,
    )  # fmt: skip
    cost = pricer.price(
        UsageRecord(
            reading.usage, recorded.host, reading.response_model, int(NOW.timestamp()) * 1_000_000,
            request_model=reading.request_model, service_tier=reading.service_tier, status=reading.status,
            usage_estimated=reading.usage_estimated, reported_cost=reading.reported_cost,
        )
    )  # fmt: skip
    answer = own_usage(recorded)
    theirs = price_by_library(recorded, answer) if answer else "no usage in the answer"
    model = reading.response_model or reading.request_model
    example = f"{recorded.host} {model} tier={reading.service_tier}"
    if cost.total is None:
        if not cost.reason:
            raise SystemExit(f"unpriced without a reason: {example}")
        them = theirs if isinstance(theirs, str) else f"${sum(theirs.values()):f}"
        return f"unpriced by llmtrack: {in_words(cost.reason)}", f"{example}; genai-prices: {them}", Decimal(0)
    if isinstance(theirs, str):
        return f"{cost.status} by llmtrack, unpriced by genai-prices", f"{example}: {theirs}", Decimal(0)
    mine = ours(cost)
    apart = max(abs(mine[part] - theirs[part]) for part in theirs) * NANO
    if apart <= 1:
        return f"the same ({cost.status}{', ' + cost.reason if cost.reason else ''})", example, apart
    words = ", ".join(f"{part} {mine[part]:f} / {theirs[part]:f}" for part in theirs if mine[part] != theirs[part])
    return f"DIFFERENT ({cost.status}, {cost.reason})", f"{example}: {words}", apart


def main(path: str) -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    pricer, counts, examples = Pricer(), Counter[str](), dict[str, Counter[str]]()
    most: dict[str, Decimal] = {}
    for recorded in load(path):
        kind, example, apart = compare(recorded, pricer)
        counts[kind] += 1
        examples.setdefault(kind, Counter())[example] += 1
        most[kind] = max(most.get(kind, Decimal(0)), apart)
    print(f"{sum(counts.values())} answered interactions")
    for kind, count in counts.most_common():
        print(f"\n{count:5d}  {kind}" + (f"; at most {most[kind]:f} nano-dollars apart" if most[kind] else ""))
        if not kind.startswith("the same (exact"):
            for example, times in examples[kind].most_common(12):
                print(f"       {times:4d} x {example}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
