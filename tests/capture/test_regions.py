"""Where a call was served is kept on its row and is part of its cost, through every client that says it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

import llmtrack.anthropic
import llmtrack.openai
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask

pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # a model may become old any day
Rows = Callable[[], list[SimpleNamespace]]
SONNET = D("0.045")  # 10,000 x 3 + 1,000 x 15 dollars a million
VERTEX = {"access_token": "t", "project_id": "p"}
AWS = {"api_key": "k", "aws_region": "us-east-1"}
BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


def claude(model: str, **usage: Any) -> dict[str, Any]:
    """An answer of 10,000 tokens in and 1,000 out."""
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
        "stop_sequence": None, "content": [{"type": "text", "text": "Yes."}],
        "usage": {"input_tokens": 10_000, "output_tokens": 1_000, **usage},
    }  # fmt: skip


def answering(body: dict[str, Any]) -> httpx2.Client:
    """An HTTP client that gets this answer from any host."""
    return httpx2.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(200, json=body)))


@pytest.mark.parametrize(
    ("client", "options", "asked", "served", "usage", "provider", "region", "status", "dollars"),
    [
        ("AnthropicBedrock", AWS, f"global.{BEDROCK}", "claude-sonnet-4-5-20250929", {}, "aws", "global", "exact", SONNET),
        ("AnthropicBedrock", AWS, f"us.{BEDROCK}", "claude-sonnet-4-5-20250929", {}, "aws", "us", "exact", SONNET * D("1.1")),
        ("AnthropicBedrock", AWS, BEDROCK, "claude-sonnet-4-5-20250929", {}, "aws", "us-east-1", "exact", SONNET * D("1.1")),
        ("AnthropicBedrock", AWS, ARN, "claude-sonnet-4-5-20250929", {}, "aws", None, "estimated", SONNET * D("1.1")),
        ("AnthropicVertex", {**VERTEX, "region": "us-east5"}, "claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929",
         {}, "google", "us-east5", "exact", SONNET * D("1.1")),
        ("AnthropicVertex", {**VERTEX, "region": "eu"}, "claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929",
         {}, "google", "eu", "exact", SONNET * D("1.1")),
        ("AnthropicVertex", {**VERTEX, "region": "global"}, "claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929",
         {}, "google", "global", "exact", SONNET),
        ("AnthropicAWS", {**AWS, "workspace_id": "w"}, "claude-sonnet-4-6", "claude-sonnet-4-6",
         {"inference_geo": "us"}, "anthropic", "us", "exact", SONNET * D("1.1")),
        ("AnthropicAWS", {**AWS, "workspace_id": "w"}, "claude-sonnet-4-6", "claude-sonnet-4-6",
         {"inference_geo": "global"}, "anthropic", "global", "exact", SONNET),
        ("Anthropic", {"api_key": "k"}, "claude-sonnet-4-6", "claude-sonnet-4-6",
         {"inference_geo": "us"}, "anthropic", "us", "exact", SONNET * D("1.1")),
        ("Anthropic", {"api_key": "k"}, "claude-sonnet-4-6", "claude-sonnet-4-6",
         {"inference_geo": "not_available"}, "anthropic", None, "exact", SONNET),
    ],
)  # fmt: skip
def test_a_message_costs_what_the_place_it_was_served_at_charges(
    client: str, options: dict[str, Any], asked: str, served: str, usage: dict[str, Any], provider: str,
    region: str | None, status: str, dollars: D, tracker: Tracker, rows: Rows,
) -> None:  # fmt: skip
    with answering(claude(served, **usage)) as http:
        made = getattr(llmtrack.anthropic, client)(**options, http_client=http)
        made.messages.create(model=asked, max_tokens=10, messages=[{"role": "user", "content": "Hi"}])
    (row,) = rows()
    assert (row.provider, row.region, row.cost_status, row.cost) == (provider, region, status, dollars * 10**9)


@pytest.mark.parametrize(
    ("address", "region", "dollars"),
    [
        ({}, "global", D("0.040")),  # gpt-5.4: 10,000 x 2.50 + 1,000 x 15
        ({"data_residency": "eu"}, "eu", D("0.044")),
        ({"base_url": "https://us.api.openai.com/v1"}, "us", D("0.044")),
    ],
)
def test_openais_residency_costs_a_tenth_more(
    address: dict[str, Any], region: str, dollars: D, tracker: Tracker, rows: Rows
) -> None:
    body = {
        "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-5.4-2026-03-05",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10_000, "completion_tokens": 1_000, "total_tokens": 11_000},
    }  # fmt: skip
    with answering(body) as http:
        client = llmtrack.openai.OpenAI(api_key="k", http_client=http, **address)
        client.chat.completions.create(model="gpt-5.4", messages=[{"role": "user", "content": "Hi"}])
    (row,) = rows()
    assert (row.provider, row.region, row.cost_status, row.cost) == ("openai", region, "exact", dollars * 10**9)
    answer = ask(open_ledger(tracker.database_url), ["cost"], ["region"])
    assert [(one["region"], one["cost"]) for one in answer] == [(region, dollars)]


def test_where_a_request_asked_to_be_served_counts_where_the_answer_does_not_say(tracker: Tracker, rows: Rows) -> None:
    with answering(claude("claude-sonnet-4-6")) as http:
        llmtrack.anthropic.Anthropic(api_key="k", http_client=http).messages.create(
            model="claude-sonnet-4-6", max_tokens=10, messages=[{"role": "user", "content": "Hi"}], inference_geo="us"
        )
    (row,) = rows()
    assert (row.region, row.cost_status, row.cost) == ("us", "exact", SONNET * D("1.1") * 10**9)


def test_the_region_is_kept_where_text_is_not(tracker: Tracker, rows: Rows) -> None:
    options: dict[str, Any] = {**VERTEX, "region": "us-east5"}
    with answering(claude("claude-sonnet-4-5-20250929")) as http, llmtrack.context(content="off"):
        client = llmtrack.anthropic.AnthropicVertex(**options, http_client=http)
        client.messages.create(
            model="claude-sonnet-4-5@20250929", max_tokens=10, messages=[{"role": "user", "content": "Hi"}]
        )
    (row,) = rows()
    assert (row.provider, row.region, row.input, row.cost) == ("google", "us-east5", None, SONNET * D("1.1") * 10**9)
