"""What is recorded of the two APIs, whether an SDK's client sends it or the gateway passes it on."""

from __future__ import annotations

from llmtrack.capture.endpoints import Endpoint, Endpoints

_CHAT = Endpoint("chat", "openai.chat", asks_usage=True)
_RESPONSES = Endpoint("chat", "openai.responses")
_VIDEO = Endpoint("video", "openai.videos")
_IMAGE = Endpoint("image", "openai.images")

OPENAI = Endpoints(
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

ANTHROPIC = Endpoints(
    {
        "POST /v1/messages": Endpoint("chat", "anthropic.messages"),
        "POST /v1/messages/count_tokens": Endpoint("count_tokens", "anthropic.count_tokens"),
        "POST /v1/messages/batches": Endpoint("batch", "anthropic.batches"),
        "POST /v1/complete": Endpoint("text_completion", "anthropic.completions"),
    }
)
"""What is recorded of Anthropic's API. Files, agents and the results of batches are not."""
