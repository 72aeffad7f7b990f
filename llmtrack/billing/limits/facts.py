"""What a request says about how much it may use, read from its JSON body before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

FREE = frozenset({"count_tokens"})
"""Operations that providers do not charge for."""
BOUNDABLE = frozenset({"chat", "text_completion", "embeddings", "moderation", "other", *FREE})
"""Operations whose tokens the request bounds."""
WRITES_NOTHING = frozenset({"embeddings", "moderation"})
"""Those of them that make no output."""
_MAXIMA = ("max_completion_tokens", "max_output_tokens", "max_tokens", "max_tokens_to_sample")
_POINTERS = ("previous_response_id", "conversation", "file_id", "file_ids", "vector_store_ids", "container")
"""Members that stand for content which the provider holds, and the request does not."""
_FILES = frozenset({"file", "input_file", "document", "container_upload", "item_reference", "input_video", "video_url"})
_PICTURES = frozenset({"image_url", "input_image", "image"})
_CLIENT_TOOLS = ("function", "custom", "computer", "local_shell", "bash", "text_editor", "memory", "apply_patch",
                 "namespace", "shell", "str_replace")  # fmt: skip
"""How the types of tools begin that the caller runs itself."""
_FREE_TOOLS = ("tool_search",)
SEARCHES = ("web_search_options", "search_parameters", "plugins")
"""Members that have the provider look things up, as often as it likes: of OpenAI, xAI and OpenRouter."""
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What bounds a request."""

    size: int
    """Bytes of the body as JSON. A token is at least a byte."""
    pictures: int = 0
    points_elsewhere: bool = False
    """Content that the request does not hold, or whose length its bytes do not bound (a file, a stored prompt)."""
    tools: int = 0
    """How many tools it defines."""
    own_tools: int = 0
    """Those of them that the provider describes itself, so that the request does not hold their description."""
    max_tokens: int | None = None
    """Of output, for each choice."""
    choices: int = 1
    """Answers, each of which may be as long as it likes within `max_tokens`."""
    prompts: int = 1
    """Texts that a legacy completion continues, each within the context window."""
    compacts: bool = False
    """The provider may summarize the conversation first, which is a sampling of its own."""
    server_tools: Mapping[str, int | None] = field(default_factory=dict)
    """Tools that the provider runs, by name, with how often they may run at most; None: nothing says."""
    predicted: int = 0
    """Bytes of a predicted output: what of it is rejected is billed as output."""
    tier: str | None = None
    fast: bool = False
    geography: str | None = None
    """Where Anthropic is asked to run it; None: wherever the workspace says."""
    characters: int = 0
    """Of text that is to be spoken."""
    text: str = ""
    """All that is said in it, for an estimate."""


def facts_of(body: Mapping[str, Any], *, has_files: bool = False) -> RequestFacts:
    """The facts of a body. Raises nothing for a strange one: what is not understood points elsewhere."""
    texts: list[str] = []
    pictures, elsewhere = 0, has_files
    for member in _members(body, texts):
        kind = _kind_of(member)
        if kind in _PICTURES:
            pictures += 1
            elsewhere = elsewhere or not _is_held(member)
        elif kind in _FILES:
            source = member.get("source")
            elsewhere = elsewhere or not (isinstance(source, Mapping) and source.get("type") in ("text", "content"))
        elif any(member.get(name) for name in _POINTERS):
            elsewhere = True
    stored_prompt = isinstance(body.get("prompt"), Mapping)
    prediction = body.get("prediction")
    tools = body.get("tools")
    definitions = [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list | tuple) else []
    functions = body.get("functions")
    prompts = _prompts(body.get("prompt"))
    maxima = [number for name in _MAXIMA if (number := _count(body.get(name))) is not None]
    spoken = body.get("input")
    return RequestFacts(
        size=len(to_json(body, fallback=str, inf_nan_mode="strings")),
        pictures=pictures,
        points_elsewhere=elsewhere or stored_prompt,
        tools=len(definitions) + (len(functions) if isinstance(functions, list | tuple) else 0),
        own_tools=sum(tool.get("type") not in (None, "function", "custom") for tool in definitions),
        max_tokens=max(maxima) if maxima else None,
        choices=max(1, _count(body.get("n")) or 1, _count(body.get("best_of")) or 1) * prompts,
        prompts=prompts,
        compacts="compact" in str(body.get("context_management")),
        server_tools=dict(_server_tools(body, definitions)),
        predicted=0 if prediction is None else len(to_json(prediction, fallback=str)),
        tier=body.get("service_tier") if isinstance(body.get("service_tier"), str) else None,
        fast=body.get("speed") == "fast",
        geography=body.get("inference_geo") if isinstance(body.get("inference_geo"), str) else None,
        characters=len(spoken) if isinstance(spoken, str) else 0,
        text="\n".join(texts),
    )


def _members(value: Any, texts: list[str], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every object inside a value; `texts` gets the strings, those of pictures and sound left out."""
    if isinstance(value, Mapping):
        yield value
        for name, inner in value.items():
            if isinstance(inner, str):
                if name not in ("data", "file_data", "url", "image_url", "id", "type", "role"):
                    texts.append(inner)
            elif depth < _DEEPEST:
                yield from _members(inner, texts, depth + 1)
            else:
                yield {"file_id": True}  # deeper than anybody looks
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, str):
                texts.append(inner)
            elif depth < _DEEPEST:
                yield from _members(inner, texts, depth + 1)


def _is_held(picture: Mapping[str, Any]) -> bool:
    """Whether the picture itself is in the request."""
    url = picture.get("image_url")
    if isinstance(url, Mapping):
        url = url.get("url")
    if isinstance(url, str):
        return url.startswith("data:")
    source = picture.get("source")
    return isinstance(source, Mapping) and source.get("type") == "base64"


def _server_tools(body: Mapping[str, Any], tools: list[Mapping[str, Any]]) -> Iterator[tuple[str, int | None]]:
    whole = _count(body.get("max_tool_calls"))
    for tool in tools:
        kind = tool.get("type")
        if kind == "shell" and _kind_of(tool.get("environment")) not in (None, "local"):
            yield "hosted_shell", None
        if not isinstance(kind, str) or kind.startswith((*_CLIENT_TOOLS, *_FREE_TOOLS)):
            continue
        uses = _count(tool.get("max_uses"))
        yield kind, uses if uses is not None else whole
    if body.get("mcp_servers"):
        yield "mcp", whole
    for name in SEARCHES:
        if body.get(name) is not None:
            yield name, None


def _prompts(prompt: Any) -> int:
    """How many texts a legacy completion continues, each with all the choices: texts, or lists of tokens."""
    if isinstance(prompt, list | tuple) and prompt and not isinstance(prompt[0], int):
        return len(prompt)
    return 1


def _kind_of(value: Any) -> str | None:
    """The type of an object, where it has one; in a JSON Schema ``type`` may be a list, or the name of a property."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    return kind if isinstance(kind, str) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
