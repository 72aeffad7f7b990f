"""llmtrack as the replay of recorded traffic wants to see it: a tracked client, and the rows its calls left.

    python replay.py --adapter benchmarks/replay_adapter.py

Run from the folder of the replay, whose `adapters` package this imports. Rows are read back from the ledger. Only what
the provider said is handed over: the replay knows no estimates, so counts that the ledger marks as ours are left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from adapters.base import Adapter
from adapters.raw import KEY

from llmtrack import track
from llmtrack.anthropic import Anthropic, AsyncAnthropic
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import GenerationRow, generation, generations
from llmtrack.openai import AsyncOpenAI, OpenAI

CLIENTS: dict[tuple[str, bool], Any] = {
    ("openai", False): OpenAI,
    ("openai", True): AsyncOpenAI,
    ("anthropic", False): Anthropic,
    ("anthropic", True): AsyncAnthropic,
}
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


class LLMTrack(Adapter):  # type: ignore[misc]  # the replay's, without types
    """One tracker with a database of its own."""

    name = "llmtrack"
    convention = "inclusive"
    has_ttft = has_cost = True

    def __init__(self) -> None:
        super().__init__()
        folder = tempfile.mkdtemp(prefix="llmtrack-replay-")
        self._url = f"sqlite:///{folder}/replay.db"
        self._tracker = Tracker(self._url)
        self._seen: set[int] = set()

    def make(self, provider: str, base_url: str, is_async: bool, **options: Any) -> Any:
        """A tracked client."""
        client = CLIENTS[provider, is_async](api_key=KEY[provider], base_url=base_url, **options)
        return track(client, tracker=self._tracker, provider=provider)

    def drain(self) -> list[dict[str, Any]]:
        """The rows since the last time, oldest first."""
        told = self._tracker.flush(30)
        if told.waiting or told.failed:
            raise RuntimeError(f"{told.waiting} records wait and {told.failed} failed ({told.where})")
        ledger = open_ledger(self._url)
        rows = list[GenerationRow]()
        page, unseen = None, True
        while unseen and (page is None or page.after is not None):
            page = generations(ledger, after=page.after if page else None, limit=100)
            new = [row for row in page if row.id not in self._seen]
            unseen = len(new) == len(page)
            rows += new
        self._seen.update(row.id for row in rows)
        return [_told(row, generation(ledger, row.id).details) for row in reversed(rows)]

    def close(self) -> None:
        """Ends the tracker."""
        self._tracker.close()


def _told(row: GenerationRow, details: Any) -> dict[str, Any]:
    estimated = details.get("estimated", ()) if row.usage_estimated else ()
    return {
        **{name: None if name in estimated else getattr(row, name) for name in TOKENS},
        "provider": row.provider,
        "model": row.response_model,
        "request_model": row.request_model,
        "stop_reason": row.finish_reason,
        "is_error": row.status == "error",
        "status": row.http_status,
        "error_type": row.error_type,
        "stream": row.streamed,
        "latency_ms": None if row.duration is None else row.duration * 1000,
        "ttft_ms": None if row.time_to_first_token is None else row.time_to_first_token * 1000,
        "cost_usd": None if row.cost is None or row.usage_estimated else float(row.cost),
    }


ADAPTER = LLMTrack
