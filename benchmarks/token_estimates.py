"""How far the estimate of tokens is off: recorded answers whose tokens are known, estimated.

    python benchmarks/token_estimates.py <folder of the recorded traffic>

The folder holds `corpus.py` and `traffic.jsonl.gz`, as the replay of recorded traffic does.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llmtrack.capture.readers import Exchange, read
from llmtrack.pricing.tokens import estimate_input, estimate_output

READERS = {"chat": "openai.chat", "responses": "openai.responses", "messages": "anthropic.messages"}
TEXT = {"text", "tool_call", "tool_call_response"}


def main(folder: str) -> None:
    """Prints the error for each provider, of replies and of requests."""
    sys.path.insert(0, folder)
    import corpus

    found: dict[tuple[str, str], dict[tuple[int, int], None]] = defaultdict(dict)
    for call in corpus.dedupe(corpus.load()[0]):
        if call.status != 200 or call.endpoint not in READERS or not call.request:
            continue
        content_type = "text/event-stream" if call.is_sse else "application/json"
        seen = Exchange(json.dumps(call.request).encode(), call.body, content_type, http_status=200)
        reading = read(READERS[call.endpoint], seen, content=True)
        usage, who = reading.usage, call.provider if call.native else "compatible"
        kinds = {part["type"] for message in reading.output or [] for part in message["parts"]}
        if usage.output_tokens and kinds and kinds <= TEXT and not usage.reasoning_tokens:
            what = "replies with tool calls" if "tool_call" in kinds else "replies of text"
            guess = estimate_output(reading.output or [], reading.response_model)
            found[who, what][guess, usage.output_tokens] = None
        kinds = {part["type"] for message in reading.input or [] for part in message["parts"]}
        if usage.input_tokens and kinds and kinds <= TEXT and not call.request.get("previous_response_id"):
            tools = [call.request[key] for key in ("tools", "functions", "response_format") if call.request.get(key)]
            guess = estimate_input(reading.input or [], tools, reading.response_model)
            found[who, "requests with tools" if tools else "requests of text"][guess, usage.input_tokens] = None
    print(f"{'':38}{'n':>5}{'sum':>8}{'median':>8}{'9 in 10':>9}   (of those over 50 tokens: n, median, 9 in 10)")
    for (who, what), pairs in sorted(found.items()):
        print(f"{who + ', ' + what:38}" + _line(list(pairs)) + _line([pair for pair in pairs if pair[1] >= 50]))


def _line(pairs: list[tuple[int, int]]) -> str:
    if not pairs:
        return ""
    off = sorted(abs(guess - truth) / truth for guess, truth in pairs)
    total = sum(guess for guess, _ in pairs) / sum(truth for _, truth in pairs) - 1
    return f"{len(pairs):5}{total:+8.1%}{statistics.median(off):8.1%}{off[int(0.9 * len(off))]:9.1%}   "


if __name__ == "__main__":
    main(sys.argv[1])
