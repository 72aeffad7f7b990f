"""One ordinary exchange of each kind, for tests that spoil them."""

from __future__ import annotations

from tests.reading.bodies import Json

USER: Json = {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]}  # fmt: skip
TOOL: Json = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT_USAGE: Json = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 1}, "cost": 0.1}  # fmt: skip
CHAT_ASKED: Json = {"model": "m", "user": "al", "messages": [USER, {"role": "assistant", "tool_calls": [TOOL]}, {"role": "tool", "tool_call_id": "c1", "content": "x"}], "tools": [TOOL]}  # fmt: skip
CHAT: Json = {"id": "1", "model": "m", "service_tier": "default", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi", "tool_calls": [TOOL], "refusal": None, "audio": {"data": "aGk=", "transcript": "hi"}}}], "usage": CHAT_USAGE}  # fmt: skip
CHAT_EVENTS: list[Json] = [
    {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]},
    {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "!"}}], "usage": None},
    {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [TOOL], "reasoning": "hm", "images": [USER["content"][1]]}, "finish_reason": "stop"}]},
    {"id": "1", "choices": [], "usage": CHAT_USAGE},
]  # fmt: skip
MESSAGE_USAGE: Json = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4, "cache_creation": {"ephemeral_1h_input_tokens": 1, "ephemeral_5m_input_tokens": 3}, "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 1}, "iterations": [{"type": "message", "input_tokens": 1, "output_tokens": 2}, {"type": "advisor_message", "model": "n", "input_tokens": 1, "output_tokens": 1}]}  # fmt: skip
MESSAGE_ASKED: Json = {"model": "m", "system": [{"type": "text", "text": "s"}], "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]}, {"type": "document", "title": "d", "source": {"type": "content", "content": [{"type": "text", "text": "t"}]}}]}], "metadata": {"user_id": "al"}, "tools": [{"name": "f", "input_schema": {}}]}  # fmt: skip
MESSAGE: Json = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}], "stop_reason": "tool_use", "usage": MESSAGE_USAGE}  # fmt: skip
MESSAGE_EVENTS: list[Json] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": MESSAGE_USAGE},
    {"type": "message_stop"},
]  # fmt: skip
RESPONSE_ASKED: Json = {"model": "m", "instructions": "i", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,aGk="}, {"type": "input_file", "file_data": "aGk=", "filename": "f"}]}, {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]}], "safety_identifier": "al", "text": {"format": {"type": "json_schema"}}}  # fmt: skip
RESPONSE: Json = {"id": "1", "model": "m", "status": "completed", "service_tier": "flex", "incomplete_details": None, "error": None, "output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "web_search_call", "action": {"type": "search"}}, {"type": "image_generation_call", "result": "aGk=", "output_format": "png"}], "usage": {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}}, "tool_usage": {"web_search": {"num_requests": 1}}}  # fmt: skip
RESPONSE_EVENTS: list[Json] = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None}},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "role": "assistant", "content": []}},
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"},
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
    {"type": "response.completed", "response": RESPONSE},
]  # fmt: skip
IMAGE: Json = {"data": [{"b64_json": "aGk=", "revised_prompt": "p"}, {"url": "https://example.org"}], "usage": {"input_tokens": 1, "output_tokens": 2, "input_tokens_details": {"image_tokens": 1}}, "svg_usage": {"model": "n", "input_tokens": 1, "output_tokens": 1}}  # fmt: skip
SOUND: Json = {"text": "Hi", "duration": 1.5, "usage": {"type": "tokens", "input_tokens": 1, "output_tokens": 1, "input_token_details": {"audio_tokens": 1}}}  # fmt: skip
SOUND_EVENTS: list[Json] = [
    {"type": "transcript.text.delta", "delta": "Hi"},
    {"type": "speech.audio.delta", "audio": "aGk="},
    {"type": "transcript.text.done", "text": "Hi", "usage": SOUND["usage"]},
]
MODERATION: Json = {"id": "1", "model": "m", "results": [{"flagged": True, "categories": {"violence": True}}]}
BATCH_ASKED: Json = {"requests": [{"custom_id": "1", "params": {"model": "m"}}]}

PLAIN: list[tuple[str, Json, Json]] = [
    ("openai.chat", CHAT_ASKED, CHAT),
    ("openai.completions", {"model": "m", "prompt": ["a", [1]]}, {"choices": [{"text": "x", "finish_reason": "stop"}]}),
    ("openai.responses", RESPONSE_ASKED, RESPONSE),
    ("openai.embeddings", {"input": ["a", "b"]}, {"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 1}}),
    ("openai.images", {"prompt": "a cat", "model": "m"}, IMAGE),
    ("openai.audio", {"input": "a", "model": "tts-1"}, SOUND),
    ("openai.moderations", {"input": [{"type": "text", "text": "a"}]}, MODERATION),
    ("openai.decisions", RESPONSE_ASKED, {"model": "m", "answers": [{"type": "score", "score": 0.5}]}),
    ("anthropic.messages", MESSAGE_ASKED, MESSAGE),
    ("anthropic.completions", {"prompt": "a"}, {"completion": "b", "stop_reason": "stop_sequence"}),
    ("anthropic.count_tokens", MESSAGE_ASKED, {"input_tokens": 1}),
    ("anthropic.batches", BATCH_ASKED, {"id": "1", "processing_status": "in_progress"}),
]
STREAMED: list[tuple[str, Json, list[Json]]] = [
    ("openai.chat", CHAT_ASKED, CHAT_EVENTS),
    ("openai.responses", RESPONSE_ASKED, RESPONSE_EVENTS),
    ("openai.images", {"prompt": "a cat"}, [{"type": "image_generation.completed", "b64_json": "aGk=", "usage": {"input_tokens": 1}}]),
    ("openai.audio", {}, SOUND_EVENTS),
    ("anthropic.messages", MESSAGE_ASKED, MESSAGE_EVENTS),
    ("anthropic.completions", {"prompt": "a"}, [{"type": "completion", "completion": "b"}]),
]  # fmt: skip
