"""The mock server that Anthropic's own tests want, for what llmtrack records: ``mock_anthropic.py PORT``."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DATE = "2024-08-20T18:37:24.100435Z"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-6",
    "content": [{"type": "text", "text": "Hello.", "citations": None}],
    "container": None,
    "context_management": None,
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "output_tokens_details": None,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "inference_geo": None,
        "iterations": None,
        "server_tool_use": None,
        "service_tier": "standard",
        "speed": "standard",
    },
}
COMPLETION = {
    "id": "c_1",
    "type": "completion",
    "completion": " Hi",
    "model": "claude-2.1",
    "stop_reason": "stop_sequence",
}
COUNTED = {"input_tokens": 10, "context_management": {"original_input_tokens": 0}}
BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "in_progress",
    "archived_at": None,
    "cancel_initiated_at": None,
    "created_at": DATE,
    "ended_at": None,
    "expires_at": DATE,
    "results_url": None,
    "request_counts": {"canceled": 0, "errored": 0, "expired": 0, "processing": 1, "succeeded": 0},
}
BATCHES = {"data": [BATCH], "first_id": "a", "last_id": "b", "has_more": False}
ANSWERS = {"/v1/messages": MESSAGE, "/v1/complete": COMPLETION, "/v1/messages/count_tokens": COUNTED}


class Handler(BaseHTTPRequestHandler):
    """Answers every request, and logs none."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        body: Any = ANSWERS.get(path, {})
        if path.startswith("/v1/messages/batches"):
            deleted = {"id": "msgbatch_1", "type": "message_batch_deleted"}
            listed = self.command == "GET" and path == "/v1/messages/batches"
            body = deleted if self.command == "DELETE" else BATCHES if listed else BATCH
        data = json.dumps(body).encode()
        self.send_response(200)
        for name, value in (
            ("content-type", "application/json"),
            ("request-id", "req_1"),
            ("content-length", len(data)),
        ):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _answer


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
