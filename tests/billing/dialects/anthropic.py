"""Anthropic's messages and legacy completions, with answers that may be given to them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.billing.dialects.case import FRAME, PICTURE, Case, Json, definitions, streamed, text_tokens, up_to, words

MODELS = {
    "claude-sonnet-4-5": 200_000, "claude-haiku-4-5": 200_000, "claude-opus-4-5": 200_000,
    "claude-sonnet-4-6": 1_000_000, "claude-opus-4-6": 1_000_000,
}  # fmt: skip
PICTURE_TOKENS = 4_784
"""Of the largest picture."""
OWN_TOOL_TOKENS = 735
TOOL_TOKENS = 346
"""What is added for a tool that Anthropic describes itself, and for tools at all, by its documents."""
_OWN_TOOLS: tuple[Json, ...] = (
    {"type": "bash_20250124", "name": "bash"},
    {"type": "computer_20250124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
    {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
)


@st.composite
def messages(draw: DrawFn) -> Case:
    """Messages, with caches, tools of either side, pictures, documents, fast mode, and conversations that it shortens."""
    model = draw(st.sampled_from(sorted(MODELS)))
    window = MODELS[model]
    content: list[Json] = [{"type": "text", "text": draw(words)}]
    pictures = draw(st.integers(0, 2))
    content += [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}] * pictures
    body: Json = {
        "model": model, "max_tokens": draw(st.integers(1, 8_192)), "messages": [{"role": "user", "content": content}],
    }  # fmt: skip
    into, turns, extra = text_tokens(content) + FRAME + pictures * PICTURE_TOKENS, 1, 0
    if draw(st.booleans()):
        content.append({"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}})
        into = window
    own = draw(st.lists(st.sampled_from(_OWN_TOOLS), max_size=3, unique_by=str))
    mine: list[Json] = [{"name": "mine", "input_schema": {"type": "object"}}]
    tools: list[Json] = [*own, *(mine if draw(st.booleans()) else ())]
    searches = fetches = 0
    for kind in draw(st.sampled_from([(), ("web_search",), ("web_search", "web_fetch")])):
        tool: Json = {"type": f"{kind}_20250305", "name": kind}
        if draw(st.booleans()):
            tool["max_uses"] = draw(st.integers(1, 3))
        runs = draw(st.integers(0, tool.get("max_uses", 3)))
        searches, fetches = searches + runs * (kind == "web_search"), fetches + runs * (kind == "web_fetch")
        tools.append(tool)
    if tools:
        body["tools"] = tools
        into += definitions(tools) + TOOL_TOKENS + len(own) * OWN_TOOL_TOKENS
    if searches or fetches:
        into, turns = window, turns + searches + fetches
    if draw(st.booleans()):
        body["context_management"] = {"edits": [{"type": "compact_20260112"}]}
        extra = window
    fast = False
    if model == "claude-opus-4-6" and draw(st.booleans()):
        body["speed"], fast = "fast", draw(st.booleans())
    if "4-6" in model and draw(st.booleans()):
        body["inference_geo"] = draw(st.sampled_from(["us", "global"]))
    places = [body["inference_geo"]] if "inference_geo" in body else ["us", "global"] if "4-6" in model else [None]
    tier = draw(st.sampled_from([None, "auto", "standard_only"]))
    if tier is not None:
        body["service_tier"] = tier
    main = _counted(draw, min(into, window) * turns, body["max_tokens"] * turns)
    served = {"service_tier": draw(st.sampled_from(["standard", *(["priority"] if tier != "standard_only" else [])]))}
    usage: Json = {**main, **served, "inference_geo": draw(st.sampled_from(places))}
    if fast:
        usage["speed"] = "fast"
    if searches or fetches:
        usage["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": fetches}
    if extra and draw(st.booleans()):
        compaction = _counted(draw, min(into, window), extra)
        usage["iterations"] = [{"type": "compaction", **compaction}, {"type": "message", **main}]
    whole: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": "end_turn",
                   "content": [{"type": "text", "text": "Hello"}], "usage": usage}  # fmt: skip
    if draw(st.booleans()):
        return Case("anthropic.messages", "chat", "anthropic", body, whole)
    body["stream"] = True
    events: list[Json] = [
        {"type": "message_start", "message": {**whole, "content": [], "usage": {**usage, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    return Case("anthropic.messages", "chat", "anthropic", body, streamed(events, named=True), "text/event-stream")


def _counted(draw: DrawFn, most_in: int, most_out: int) -> Json:
    """Tokens as Anthropic counts them: what a cache held or took is no input."""
    whole = draw(up_to(most_in))
    read = draw(up_to(whole))
    written = draw(up_to(whole - read))
    hour = draw(up_to(written))
    out = draw(up_to(most_out))
    return {
        "input_tokens": whole - read - written, "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written, "output_tokens": out,
        "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
    }  # fmt: skip


@st.composite
def completions(draw: DrawFn) -> Case:
    """Anthropic's legacy completions, which report no usage."""
    body = {"model": "claude-2.1", "prompt": draw(words), "max_tokens_to_sample": draw(st.integers(1, 4_096))}
    answer = {"type": "completion", "model": "claude-2.1", "completion": "Hello", "stop_reason": "stop_sequence"}
    return Case("anthropic.completions", "text_completion", "anthropic", body, answer)
