"""Requests of every dialect with answers that their providers may give to them: `DIALECTS`."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.billing.dialects import anthropic, openai
from tests.billing.dialects.case import Case, Json, words


@st.composite
def anything(draw: DrawFn) -> Case:
    """Endpoints that nobody knows, whose answers are read by what they look like."""
    known = draw(st.sampled_from([openai.chat, openai.responses, openai.embeddings, anthropic.messages]))
    case = draw(known())
    return Case("any", "other", case.provider, case.body, case.answer, case.content_type)


@st.composite
def moderations(draw: DrawFn) -> Case:
    body = {"model": "omni-moderation-latest", "input": draw(words)}
    answer = {"id": "1", "model": body["model"], "results": [{"flagged": False, "categories": {}}]}
    return Case("openai.moderations", "moderation", "openai", body, answer)


@st.composite
def speech(draw: DrawFn) -> Case:
    model = draw(st.sampled_from(["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]))
    body = {"model": model, "input": draw(words), "voice": "alloy"}
    return Case("openai.audio", "speech", "openai", body, b"ID3", "audio/mpeg")


def _counts(reader: str, provider: str, model: str) -> st.SearchStrategy[Case]:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    return st.integers(0, 10**6).map(lambda n: Case(reader, "count_tokens", provider, body, {"input_tokens": n}))


def _fixed(reader: str, operation: str, provider: str, body: Json, answer: Json) -> st.SearchStrategy[Case]:
    return st.just(Case(reader, operation, provider, body, answer))


_USED = {"input_tokens": 50, "output_tokens": 4_160, "total_tokens": 4_210}
DIALECTS: dict[str, tuple[Callable[[], st.SearchStrategy[Case]], ...]] = {
    "openai.chat": (openai.chat, openai.others_chat),
    "openai.completions": (openai.completions,),
    "openai.responses": (openai.responses,),
    "openai.embeddings": (openai.embeddings,),
    "openai.moderations": (moderations,),
    "openai.audio": (
        speech,
        lambda: _fixed(
            "openai.audio", "transcription", "openai", {"model": "whisper-1"}, {"text": "Hi", "duration": 9}
        ),
    ),
    "openai.images": (
        lambda: _fixed(
            "openai.images", "image", "openai", {"model": "gpt-image-1", "prompt": "a"}, {"data": [], "usage": _USED}
        ),
    ),
    "openai.videos": (
        lambda: _fixed("openai.videos", "video", "openai", {"model": "sora-2", "prompt": "a"}, {"id": "video_1"}),
    ),
    "openai.decisions": (
        lambda: _fixed(
            "openai.decisions",
            "decision",
            "openai",
            {"model": "gpt-5", "input": "a"},
            {"model": "gpt-5", "usage": _USED},
        ),
    ),
    "openai.count_tokens": (lambda: _counts("openai.count_tokens", "openai", "gpt-5"),),
    "anthropic.messages": (anthropic.messages,),
    "anthropic.completions": (anthropic.completions,),
    "anthropic.count_tokens": (lambda: _counts("anthropic.count_tokens", "anthropic", "claude-opus-4-5"),),
    "anthropic.batches": (
        lambda: _fixed(
            "anthropic.batches",
            "batch",
            "anthropic",
            {"model": "claude-opus-4-5", "requests": []},
            {"id": "msgbatch_1"},
        ),
    ),
    "any": (anything,),
}
"""For each reader what it may be given."""

__all__ = ["DIALECTS", "Case"]
