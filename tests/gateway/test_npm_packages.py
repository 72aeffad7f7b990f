"""The npm packages of OpenAI and Anthropic: through the gateway everything is as it is straight at the provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmtrack.ledger.lists import GenerationRow
from tests.gateway.conftest import Running
from tests.provider import Answer, Provider
from tests.provider.faults import error

HERE = Path(__file__).parents[1] / "node"


def outcomes(running: Running, provider: Provider) -> dict[str, Any]:
    """What each thing that the program tried came to."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "@anthropic-ai").is_dir():
        pytest.skip("no program in another language: install Node.js and run `npm ci` in tests/node")
    command = [node, "gateway.mjs", provider.url, running.url, running.token]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {line.pop("name"): line for line in map(json.loads, done.stdout.splitlines())}


CHAT: Any = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "choices": [],
             "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}  # fmt: skip
MESSAGE: Any = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": [],
                "stop_reason": "end_turn", "usage": {"input_tokens": 100, "output_tokens": 20}}  # fmt: skip
GPT = Decimal("0.00045")  # 100 tokens at 2.50 $/M + 20 at 10 $/M
HAIKU = Decimal("0.0002")  # 100 at 1 $/M + 20 at 5 $/M
CACHED = Decimal("0.000164")  # 60 at 1 $/M + 40 at 0.10 $/M + 20 at 5 $/M
EMBEDDED = Decimal("0.00000016")  # 8 at 0.02 $/M
ANSWERED = {
    # feature: streamed, tokens in, out, cost
    "openai-plain": (False, 100, 20, GPT),
    "openai-stream": (True, 100, 20, GPT),
    "openai-usage": (True, 100, 20, GPT),
    "openai-tools": (True, 100, 20, GPT),
    "openai-responses": (False, 100, 20, GPT),
    "openai-responses-stream": (True, 100, 20, GPT),
    "openai-embeddings": (False, 8, None, EMBEDDED),
    "anthropic-plain": (False, 100, 20, HAIKU),
    "anthropic-stream": (True, 100, 20, HAIKU),
    "anthropic-beta": (False, 100, 20, CACHED),
    "anthropic-tools": (True, 100, 20, HAIKU),
    "anthropic-count": (False, None, None, Decimal(0)),
}


@pytest.mark.slow
def test_the_npm_packages_see_no_difference_and_each_of_their_requests_is_a_row(
    running: Running, provider: Provider
) -> None:
    for path, dialect, body in (("/chat/completions", "openai", CHAT), ("/messages", "anthropic", MESSAGE)):
        fails = error(dialect, 500)
        provider.script(path, [fails, fails, Answer(body)] * 2)
    found = outcomes(running, provider)

    assert {name for name, came in found.items() if came["direct"] != came["through"]} == set()
    came = {name: outcome["through"] for name, outcome in found.items()}
    assert came["openai-plain"]["answer"]["choices"][0]["message"]["content"] == "Hello world"
    assert came["openai-tools"]["answer"][0]["function"] == {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert came["anthropic-tools"]["answer"]["content"][0]["input"] == {"city": "Paris"}
    assert came["anthropic-count"]["answer"] == {"input_tokens": 100}
    assert "claude-haiku-4-5" in came["anthropic-models"]["answer"]
    assert "gpt-4o" in came["openai-models"]["answer"]
    for name in ("openai", "anthropic"):
        assert (came[f"{name}-error"]["error"], came[f"{name}-error"]["status"]) == ("NotFoundError", 404)
        assert came[f"{name}-abort"]["answer"] == "Hello"
    left_both_ways = 4
    provider.wait_until(lambda: [request.client_left for request in provider.requests].count(True) == left_both_ways)

    rows = running.rows(len(ANSWERED) + 2 + 2 + 2 * 3)  # answered, in error, left, tried again; models are not recorded
    by_feature: dict[str | None, list[GenerationRow]] = defaultdict(list)
    for row in rows:
        by_feature[row.feature].append(row)
    assert {row.session for row in rows} == {"npm"}
    for name, expected in ANSWERED.items():
        (row,) = by_feature[name]
        assert (row.streamed, row.input_tokens, row.output_tokens, row.cost) == expected, name
        assert (row.status, row.cost_status, row.attempts, row.provider) == ("ok", "exact", 1, name.partition("-")[0])
    for name, cost in (("openai", GPT), ("anthropic", HAIKU)):
        tries = by_feature[f"{name}-retries"]
        assert [row.status for row in tries] == ["error", "error", "ok"]
        assert [running.details(row).properties.get("llmtrack.retry") for row in tries] == [None, "1", "2"]
        assert [(row.attempts, row.http_status, row.cost) for row in tries] == [(1, 500, None)] * 2 + [(1, 200, cost)]
        (failed,) = by_feature[f"{name}-error"]
        assert (failed.status, failed.error_type, failed.http_status) == ("error", "not_found", 404)
        (left,) = by_feature[f"{name}-abort"]
        assert (left.status, left.cost_status, left.usage_estimated) == ("cancelled", "estimated", True)
