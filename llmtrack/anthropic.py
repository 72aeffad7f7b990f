"""The Anthropic SDK's clients, recording what they do: `from llmtrack.anthropic import Anthropic`.

Any other name of `anthropic` can be imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import anthropic

from llmtrack.capture.attach import subclass
from llmtrack.capture.client import AsyncTracking, SyncTracking, Tracking
from llmtrack.capture.endpoints import Endpoint, Endpoints, Namer

if TYPE_CHECKING:
    from anthropic import AnthropicError as AnthropicError
    from anthropic import APIConnectionError as APIConnectionError
    from anthropic import APIError as APIError
    from anthropic import APIResponse as APIResponse
    from anthropic import APIResponseValidationError as APIResponseValidationError
    from anthropic import APIStatusError as APIStatusError
    from anthropic import APITimeoutError as APITimeoutError
    from anthropic import AsyncAPIResponse as AsyncAPIResponse
    from anthropic import AsyncStream as AsyncStream
    from anthropic import AuthenticationError as AuthenticationError
    from anthropic import BadRequestError as BadRequestError
    from anthropic import ConflictError as ConflictError
    from anthropic import InternalServerError as InternalServerError
    from anthropic import NotFoundError as NotFoundError
    from anthropic import PermissionDeniedError as PermissionDeniedError
    from anthropic import RateLimitError as RateLimitError
    from anthropic import Stream as Stream
    from anthropic import Timeout as Timeout
    from anthropic import UnprocessableEntityError as UnprocessableEntityError

ENDPOINTS = Endpoints(
    {
        "POST /v1/messages": Endpoint("chat", "anthropic.messages"),
        "POST /v1/messages/count_tokens": Endpoint("count_tokens", "anthropic.count_tokens"),
        "POST /v1/messages/batches": Endpoint("batch", "anthropic.batches"),
        "POST /v1/complete": Endpoint("text_completion", "anthropic.completions"),
    }
)
"""What is recorded of Anthropic's API. Files, agents and the results of batches are not."""

_NAMES = Namer(
    {
        "api.anthropic.com": "anthropic",
        "amazonaws.com": "aws",
        "api.aws": "aws",
        "aiplatform.googleapis.com": "google",
        "services.ai.azure.com": "azure",
        "openrouter.ai": "openrouter",
        "api.deepseek.com": "deepseek",
    }
)


class _AnthropicTracking(Tracking):
    _llmtrack_endpoints = ENDPOINTS
    _llmtrack_names = _NAMES


class _Sync(SyncTracking, _AnthropicTracking):
    _llmtrack_response = anthropic.APIResponse


class _Async(AsyncTracking, _AnthropicTracking):
    _llmtrack_response = anthropic.AsyncAPIResponse


class Anthropic(_Sync, anthropic.Anthropic):
    """`anthropic.Anthropic`, recording what it does."""


class AsyncAnthropic(_Async, anthropic.AsyncAnthropic):
    """`anthropic.AsyncAnthropic`, recording what it does."""


class AnthropicBedrock(_Sync, anthropic.AnthropicBedrock):
    """`anthropic.AnthropicBedrock`, recording what it does."""


class AsyncAnthropicBedrock(_Async, anthropic.AsyncAnthropicBedrock):
    """`anthropic.AsyncAnthropicBedrock`, recording what it does."""


class AnthropicBedrockMantle(_Sync, anthropic.AnthropicBedrockMantle):
    """`anthropic.AnthropicBedrockMantle`, recording what it does."""


class AsyncAnthropicBedrockMantle(_Async, anthropic.AsyncAnthropicBedrockMantle):
    """`anthropic.AsyncAnthropicBedrockMantle`, recording what it does."""


class AnthropicVertex(_Sync, anthropic.AnthropicVertex):
    """`anthropic.AnthropicVertex`, recording what it does."""


class AsyncAnthropicVertex(_Async, anthropic.AsyncAnthropicVertex):
    """`anthropic.AsyncAnthropicVertex`, recording what it does."""


class AnthropicFoundry(_Sync, anthropic.AnthropicFoundry):
    """`anthropic.AnthropicFoundry`, recording what it does."""


class AsyncAnthropicFoundry(_Async, anthropic.AsyncAnthropicFoundry):
    """`anthropic.AsyncAnthropicFoundry`, recording what it does."""


class AnthropicAWS(_Sync, anthropic.AnthropicAWS):
    """`anthropic.AnthropicAWS`, recording what it does."""


class AsyncAnthropicAWS(_Async, anthropic.AsyncAnthropicAWS):
    """`anthropic.AsyncAnthropicAWS`, recording what it does."""


class AnthropicGoogleCloud(_Sync, anthropic.AnthropicGoogleCloud):
    """`anthropic.AnthropicGoogleCloud`, recording what it does."""


class AsyncAnthropicGoogleCloud(_Async, anthropic.AsyncAnthropicGoogleCloud):
    """`anthropic.AsyncAnthropicGoogleCloud`, recording what it does."""


Client: TypeAlias = Anthropic
AsyncClient: TypeAlias = AsyncAnthropic

_OURS: tuple[type, ...] = (
    Anthropic, AsyncAnthropic, AnthropicBedrock, AsyncAnthropicBedrock, AnthropicBedrockMantle,
    AsyncAnthropicBedrockMantle, AnthropicVertex, AsyncAnthropicVertex, AnthropicFoundry, AsyncAnthropicFoundry,
    AnthropicAWS, AsyncAnthropicAWS, AnthropicGoogleCloud, AsyncAnthropicGoogleCloud,
)  # fmt: skip


def tracked(kind: type) -> Any:
    """The tracked class for a client class of this SDK."""
    for ours in _OURS:
        if kind in ours.__bases__:
            return ours
    from anthropic._base_client import AsyncAPIClient

    return subclass(kind, _Async if issubclass(kind, AsyncAPIClient) else _Sync)


if not TYPE_CHECKING:

    def __getattr__(name):
        return getattr(anthropic, name)
