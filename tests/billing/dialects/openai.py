"""OpenAI's dialects, also as others speak them, with answers that may be given to them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.billing.dialects.case import (
    FRAME,
    PICTURE,
    Case,
    Json,
    definitions,
    streamed,
    text_tokens,
    up_to,
    words,
)

MODELS = {
    "gpt-4o": ("gpt-4o-2024-08-06", 128_000, 16_384), "gpt-4o-mini": ("gpt-4o-mini-2024-07-18", 128_000, 16_384),
    "gpt-4.1": ("gpt-4.1-2025-04-14", 1_047_576, 32_768), "gpt-5": ("gpt-5-2025-08-07", 400_000, 128_000),
    "o3": ("o3-2025-04-16", 200_000, 100_000), "gpt-5.4": ("gpt-5.4", 400_000, 128_000),
    "gpt-4o-audio-preview": ("gpt-4o-audio-preview-2024-12-17", 128_000, 16_384),
}  # fmt: skip
"""What is asked for: what answers, how much it reads and how much it writes at most."""
FLEXIBLE = ("gpt-5", "o3", "gpt-5.4")
OTHERS = {
    "x-ai": "grok-4", "deepseek": "deepseek-chat", "google": "gemini-2.5-flash", "groq": "llama-3.3-70b-versatile",
    "mistral": "mistral-large-latest", "moonshotai": "kimi-k2-0905-preview",
}  # fmt: skip
"""Providers that speak OpenAI's chat completions, each in its own way, with one model of theirs."""
PICTURES = {"gpt-4o-mini": 2_833 + 8 * 5_667}
PICTURE_TOKENS = 1_536 * 2
"""Of the largest picture, with detail ``high``: of a model, and of all others."""
FUNCTION = {"name": "weather", "description": "What the sky does", "parameters": {"type": "object", "properties": {}}}


def tier_of(draw: DrawFn, body: Json, model: str) -> str | None:
    """Asks for a tier or for none, and the tier that may come of it; OpenAI's."""
    tier = draw(st.sampled_from([None, "auto", "default", "priority", "flex"]))
    if tier == "flex" and model not in FLEXIBLE:
        tier = "default"
    if tier is not None:
        body["service_tier"] = tier
    served = {"default": ["default"], "flex": ["flex", "default"]}.get(str(tier), ["default", "priority"])
    return draw(st.sampled_from([None, *served]))


@st.composite
def chat(draw: DrawFn) -> Case:
    """Chat completions."""
    model = draw(st.sampled_from(sorted(MODELS)))
    served, window, writes = MODELS[model]
    content: list[Json] = [{"type": "text", "text": draw(words)}]
    pictures = draw(st.integers(0, 2))
    elsewhere = False
    for _ in range(pictures):
        elsewhere = draw(st.booleans())
        url = "https://example.com/a.png" if elsewhere else PICTURE
        content.append({"type": "image_url", "image_url": {"url": url}})
    body: Json = {"model": model, "messages": [{"role": "user", "content": content}]}
    prompt = text_tokens(body["messages"]) + FRAME + pictures * PICTURES.get(model, PICTURE_TOKENS)
    if draw(st.booleans()):
        body["tools"] = [{"type": "function", "function": FUNCTION}] * draw(st.integers(1, 3))
        prompt += definitions(body["tools"])
    most = writes
    if draw(st.booleans()):
        most = body[draw(st.sampled_from(["max_tokens", "max_completion_tokens"]))] = draw(st.integers(1, writes))
    if draw(st.booleans()):
        body["n"] = draw(st.integers(1, 5))
    beside = 0
    if draw(st.booleans()):
        prediction = draw(words)
        body["prediction"] = {"type": "content", "content": prediction}
        beside = len(prediction.encode())
    tier = tier_of(draw, body, model)
    into = min(draw(up_to(prompt)), window)
    out = draw(up_to(most * body.get("n", 1) + beside))
    cached, reasoned = draw(up_to(into)), draw(up_to(out))
    of_input, of_output = {"cached_tokens": cached}, {"reasoning_tokens": reasoned}
    if "audio" in model:
        of_input["audio_tokens"] = draw(up_to(into - cached))
        of_output = {"audio_tokens": draw(up_to(out))}
    usage = {
        "prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out,
        "prompt_tokens_details": of_input, "completion_tokens_details": of_output,
    }  # fmt: skip
    return _completed(draw, "openai.chat", "chat", "openai", body, served, usage, tier)


@st.composite
def others_chat(draw: DrawFn) -> Case:
    """Chat completions as providers other than OpenAI count them."""
    provider = draw(st.sampled_from(sorted(OTHERS)))
    body: Json = {
        "model": OTHERS[provider], "messages": [{"role": "user", "content": draw(words)}],
        "max_tokens": draw(st.integers(1, 9_000)),
    }  # fmt: skip
    into = draw(up_to(text_tokens(body["messages"]) + FRAME))
    out = draw(up_to(body["max_tokens"]))
    cached, reasoned = draw(up_to(into)), draw(up_to(out))
    usage: Json = {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
    if provider == "x-ai":  # reasoning is beside the completion, in the total only
        usage |= {"completion_tokens": out - reasoned, "completion_tokens_details": {"reasoning_tokens": reasoned},
                  "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
    elif provider == "google":  # so are thoughts, and they have no name
        usage |= {"completion_tokens": out - reasoned}
    elif provider == "deepseek":
        usage |= {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": into - cached,
                  "completion_tokens_details": {"reasoning_tokens": reasoned}}  # fmt: skip
    elif provider == "moonshotai":
        usage |= {"cached_tokens": cached}
    elif provider == "mistral":
        usage |= {"num_cached_tokens": cached}
    return _completed(draw, "openai.chat", "chat", provider, body, OTHERS[provider], usage, None)


def _completed(
    draw: DrawFn, reader: str, operation: str, provider: str, body: Json, served: str, usage: Json, tier: str | None
) -> Case:
    envelope: Json = {"id": "1", "model": served, **({} if tier is None else {"service_tier": tier})}
    text: Json = {"text": "Hello"} if operation == "text_completion" else {}
    if draw(st.booleans()):
        whole = {
            **envelope,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Hello"}, **text}],
        }
        return Case(reader, operation, provider, body, {**whole, "usage": usage})
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    chunks: list[Json] = [
        {**envelope, "choices": [{"index": 0, "delta": {"content": "Hello"}, **text}]},
        {**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", **text}]},
        {**envelope, "choices": [], "usage": usage},
    ]
    return Case(reader, operation, provider, body, streamed(chunks, named=False), "text/event-stream")


@st.composite
def completions(draw: DrawFn) -> Case:
    """Legacy completions, of one text or of several, given as text or as tokens."""
    several = draw(st.lists(words, min_size=1, max_size=4))
    tokens = draw(st.lists(st.integers(0, 200_000), min_size=1, max_size=20))
    prompt = draw(st.sampled_from([several[0], several, tokens, [tokens] * len(several)]))
    count = len(several) if prompt == several or prompt == [tokens] * len(several) else 1
    body: Json = {"model": "gpt-3.5-turbo-instruct", "prompt": prompt, "max_tokens": draw(st.integers(1, 4_096))}
    if draw(st.booleans()):
        body |= {"n": draw(st.integers(1, 3))}
        body |= {"best_of": body["n"] + draw(st.integers(0, 2))}
    most = text_tokens(prompt) if count == 1 and prompt is not tokens else len(tokens) * count
    into = draw(up_to(text_tokens(prompt) if prompt in (several[0], several) else most))
    out = draw(up_to(body["max_tokens"] * body.get("best_of", 1) * count))
    usage = {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
    return _completed(draw, "openai.completions", "text_completion", "openai", body, body["model"], usage, None)


@st.composite
def responses(draw: DrawFn) -> Case:
    """Responses, with tools that the provider runs, content that it holds, and conversations that it shortens."""
    model = draw(st.sampled_from(sorted(MODELS)))
    served, window, writes = MODELS[model]
    text = draw(words)
    body: Json = {"model": model, "input": draw(st.sampled_from([text, [{"role": "user", "content": text}]]))}
    most = writes
    if draw(st.booleans()):
        most = body["max_output_tokens"] = draw(st.integers(16, writes))
    into, turns, extra = text_tokens(body["input"]) + FRAME, 1, 0
    if draw(st.booleans()):
        body |= draw(st.sampled_from([{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}]))
        into = window
    tools: list[Json] = draw(
        st.lists(st.sampled_from([{"type": "function", **FUNCTION}, {"type": "web_search"}, {"type": "web_search_preview"},
                                  {"type": "file_search", "vector_store_ids": ["vs_1"]}]), max_size=2)
    )  # fmt: skip
    hosted = [tool["type"] for tool in tools if tool["type"] != "function"]
    calls: list[str] = []
    if tools:
        body["tools"] = tools
        into += definitions(tools)
    if hosted:
        if draw(st.booleans()):
            body["max_tool_calls"] = draw(st.integers(1, 3))
        calls = draw(st.lists(st.sampled_from(hosted), max_size=body.get("max_tool_calls", 3)))
        turns += len(calls)
        into = window if calls else into
    if draw(st.booleans()):
        body["context_management"] = [{"type": "compaction", "compact_threshold": 1_000}]
        turns, extra = 2 * turns, window
    tier = tier_of(draw, body, model)
    used = draw(up_to(min(into, window) * turns))
    out = draw(up_to(most * (turns if extra == 0 else turns // 2) + extra))
    cached, written = draw(up_to(used)), 0
    if model == "gpt-5.4":
        written = draw(up_to(used - cached))
    half_day = draw(up_to(written))
    usage = {
        "input_tokens": used, "output_tokens": out, "total_tokens": used + out,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written, "cache_write_tokens_details":
                                 {"ttl_12h_tokens": half_day, "ttl_30m_tokens": written - half_day}},
        "output_tokens_details": {"reasoning_tokens": draw(up_to(out))},
    }  # fmt: skip
    kinds = {
        "web_search": "web_search_call",
        "web_search_preview": "web_search_call",
        "file_search": "file_search_call",
    }
    output: list[Json] = [{"type": kinds[call], "id": "1", "status": "completed"} for call in calls]
    output.append({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]})
    whole: Json = {"id": "resp_2", "object": "response", "model": served, "status": "completed", "output": output,
                   "usage": usage, "tools": tools, **({} if tier is None else {"service_tier": tier})}  # fmt: skip
    if draw(st.booleans()):
        return Case("openai.responses", "chat", "openai", body, whole)
    body["stream"] = True
    events: list[Json] = [
        {"type": "response.created", "response": {**whole, "output": [], "usage": None, "status": "in_progress"}},
        {"type": "response.completed", "response": whole},
    ]
    return Case("openai.responses", "chat", "openai", body, streamed(events, named=True), "text/event-stream")


@st.composite
def embeddings(draw: DrawFn) -> Case:
    """Embeddings of one text or of so many that together they are more than the window, at OpenAI and at others."""
    provider, model = draw(
        st.sampled_from([("openai", "text-embedding-3-small"), ("openai", "text-embedding-3-large"),
                         ("mistral", "mistral-embed"), ("voyage", "voyage-3")])
    )  # fmt: skip
    text = draw(words)
    given = draw(st.sampled_from([text, [text], [text] * 50, [text * 100] * 20, [1, 2, 3], [[1, 2], [3]]]))
    into = draw(up_to(text_tokens(given) or 3))
    usage: Json = {"prompt_tokens": into, "total_tokens": into} if provider != "voyage" else {"total_tokens": into}
    data = [{"index": 0, "embedding": [0.5]}]
    answer = {"object": "list", "model": model, "data": data, "usage": usage}
    return Case("openai.embeddings", "embeddings", provider, {"model": model, "input": given}, answer)
