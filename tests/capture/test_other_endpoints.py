"""What is posted to endpoints that no table knows: a row if the answer reports usage, else none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.provider.answer import Answer

RANKED = {"model": "rank-1", "results": [], "usage": {"total_tokens": 31, "prompt_tokens": 31}}


@pytest.mark.parametrize("name", ["OpenAI", "Anthropic"])
def test_an_unknown_endpoint_that_reports_usage_is_recorded(name: str, clients: Any, provider: Any, rows: Any) -> None:
    provider.script("/rerank", [Answer(RANKED)])
    with clients(name) as client:
        answer = client.post("/rerank", body={"model": "rank", "query": "q", "documents": ["d"]}, cast_to=object)
    assert answer == RANKED
    (row,) = rows()
    assert (row.operation, row.request_model, row.response_model, row.input_tokens) == ("other", "rank", "rank-1", 31)


def test_making_something_that_is_no_call_of_a_model_is_not_recorded(clients: Any, provider: Any, rows: Any) -> None:
    made = {"id": "asst_1", "object": "assistant", "model": "gpt-4o"}
    provider.script("/assistants", [Answer(made), Answer(made)])
    with clients() as client:
        assert client.post("/assistants", body={"model": "gpt-4o"}, cast_to=object) == made
        assert client.post("/assistants", body={"name": "no model"}, cast_to=object) == made
    assert rows() == []
