"""The Anthropic SDK's clients, recording what they do: `from llmtrack.anthropic import Anthropic`.

Any other name of `anthropic` can be imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import anthropic

from llmtrack.capture.provider_endpoints import ANTHROPIC as ENDPOINTS
from llmtrack.capture.sdk import Family

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

FAMILY = Family("anthropic", ENDPOINTS)


@FAMILY.tracked
class Anthropic(anthropic.Anthropic):
    """`anthropic.Anthropic`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropic(anthropic.AsyncAnthropic):
    """`anthropic.AsyncAnthropic`, recording what it does."""


@FAMILY.tracked
class AnthropicBedrock(anthropic.AnthropicBedrock):
    """`anthropic.AnthropicBedrock`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicBedrock(anthropic.AsyncAnthropicBedrock):
    """`anthropic.AsyncAnthropicBedrock`, recording what it does."""


@FAMILY.tracked
class AnthropicBedrockMantle(anthropic.AnthropicBedrockMantle):
    """`anthropic.AnthropicBedrockMantle`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicBedrockMantle(anthropic.AsyncAnthropicBedrockMantle):
    """`anthropic.AsyncAnthropicBedrockMantle`, recording what it does."""


@FAMILY.tracked
class AnthropicVertex(anthropic.AnthropicVertex):
    """`anthropic.AnthropicVertex`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicVertex(anthropic.AsyncAnthropicVertex):
    """`anthropic.AsyncAnthropicVertex`, recording what it does."""


@FAMILY.tracked
class AnthropicFoundry(anthropic.AnthropicFoundry):
    """`anthropic.AnthropicFoundry`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicFoundry(anthropic.AsyncAnthropicFoundry):
    """`anthropic.AsyncAnthropicFoundry`, recording what it does."""


@FAMILY.tracked
class AnthropicAWS(anthropic.AnthropicAWS):
    """`anthropic.AnthropicAWS`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicAWS(anthropic.AsyncAnthropicAWS):
    """`anthropic.AsyncAnthropicAWS`, recording what it does."""


@FAMILY.tracked
class AnthropicGoogleCloud(anthropic.AnthropicGoogleCloud):
    """`anthropic.AnthropicGoogleCloud`, recording what it does."""


@FAMILY.tracked
class AsyncAnthropicGoogleCloud(anthropic.AsyncAnthropicGoogleCloud):
    """`anthropic.AsyncAnthropicGoogleCloud`, recording what it does."""


Client: TypeAlias = Anthropic
AsyncClient: TypeAlias = AsyncAnthropic


if not TYPE_CHECKING:

    def __getattr__(name):
        return getattr(anthropic, name)
