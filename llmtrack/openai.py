"""The OpenAI SDK's clients, recording what they do: `from llmtrack.openai import OpenAI`.

Any other name of `openai` can be imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import openai

from llmtrack.capture.provider_endpoints import OPENAI as ENDPOINTS
from llmtrack.capture.sdk import Family

if TYPE_CHECKING:
    from openai import APIConnectionError as APIConnectionError
    from openai import APIError as APIError
    from openai import APIResponse as APIResponse
    from openai import APIResponseValidationError as APIResponseValidationError
    from openai import APIStatusError as APIStatusError
    from openai import APITimeoutError as APITimeoutError
    from openai import AsyncAPIResponse as AsyncAPIResponse
    from openai import AsyncStream as AsyncStream
    from openai import AuthenticationError as AuthenticationError
    from openai import BadRequestError as BadRequestError
    from openai import ConflictError as ConflictError
    from openai import InternalServerError as InternalServerError
    from openai import NotFoundError as NotFoundError
    from openai import OpenAIError as OpenAIError
    from openai import PermissionDeniedError as PermissionDeniedError
    from openai import RateLimitError as RateLimitError
    from openai import Stream as Stream
    from openai import Timeout as Timeout
    from openai import UnprocessableEntityError as UnprocessableEntityError

FAMILY = Family("openai", ENDPOINTS)


@FAMILY.tracked
class OpenAI(openai.OpenAI):
    """`openai.OpenAI`, recording what it does."""


@FAMILY.tracked
class AsyncOpenAI(openai.AsyncOpenAI):
    """`openai.AsyncOpenAI`, recording what it does."""


@FAMILY.tracked
class AzureOpenAI(openai.AzureOpenAI):
    """`openai.AzureOpenAI`, recording what it does."""


@FAMILY.tracked
class AsyncAzureOpenAI(openai.AsyncAzureOpenAI):
    """`openai.AsyncAzureOpenAI`, recording what it does."""


@FAMILY.tracked
class BedrockOpenAI(openai.BedrockOpenAI):
    """`openai.BedrockOpenAI`, recording what it does."""


@FAMILY.tracked
class AsyncBedrockOpenAI(openai.AsyncBedrockOpenAI):
    """`openai.AsyncBedrockOpenAI`, recording what it does."""


Client: TypeAlias = OpenAI
AsyncClient: TypeAlias = AsyncOpenAI


if not TYPE_CHECKING:

    def __getattr__(name):
        value = getattr(openai, name)
        if type(value).__module__ == "openai._module_client":
            raise AttributeError(f"openai.{name} without a client is not recorded; make a client and use its {name}")
        return value
