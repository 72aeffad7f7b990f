"""The OpenAI SDK's clients, recording what they do: `from llmtrack.openai import OpenAI`.

Any other name of `openai` can be imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import openai

from llmtrack.capture.endpoints import Endpoint, Endpoints
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

_CHAT = Endpoint("chat", "openai.chat", asks_usage=True)
_RESPONSES = Endpoint("chat", "openai.responses")
_VIDEO = Endpoint("video", "openai.videos")
_IMAGE = Endpoint("image", "openai.images")

ENDPOINTS = Endpoints(
    {
        "POST /chat/completions": _CHAT,
        "POST /completions": Endpoint("text_completion", "openai.completions", asks_usage=True),
        "POST /responses": _RESPONSES,
        "POST /responses/compact": _RESPONSES,
        "POST /responses/input_tokens": Endpoint("count_tokens", "openai.count_tokens"),
        "POST /decisions": Endpoint("decision", "openai.decisions"),
        "POST /embeddings": Endpoint("embeddings", "openai.embeddings"),
        "POST /images/generations": _IMAGE,
        "POST /images/edits": _IMAGE,
        "POST /images/variations": _IMAGE,
        "POST /audio/transcriptions": Endpoint("transcription", "openai.audio"),
        "POST /audio/translations": Endpoint("transcription", "openai.audio"),
        "POST /audio/speech": Endpoint("speech", "openai.audio"),
        "POST /videos": _VIDEO,
        "POST /videos/edits": _VIDEO,
        "POST /videos/extensions": _VIDEO,
        "POST /moderations": Endpoint("moderation", "openai.moderations"),
    },
    {
        "GET /responses/{}": Endpoint("chat", "openai.responses", settles=True),
        "POST /videos/{}/remix": _VIDEO,
        "POST /responses/{}/cancel": Endpoint("chat", "openai.responses", settles=True),
    },
)
"""What is recorded of OpenAI's API. Realtime, batches, assistants, fine-tuning and files are not.

Of what is posted elsewhere, that which names a model and whose answer reports usage is: see `OTHER`.
"""

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
