"""What is sent to a model: the branch so far, the new message, and the conversation's parameters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.model import Model
from llmtrack.settings import Settings, get_settings

Role = Literal["user", "assistant"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PDF = "application/pdf"
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file given with a message."""

    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def kind(self) -> Literal["image", "pdf", "text"]:
        """How it is sent."""
        if self.media_type in IMAGES:
            return "image"
        return "pdf" if self.media_type == PDF else "text"

    @property
    def text(self) -> str:
        """A text file's text; raises `ChatError` for a file that is no text."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ChatError(
                f"{self.name!r} ({self.media_type}) cannot be sent: attach an image (PNG, JPEG, GIF, WebP), "
                "a PDF or a text file in UTF-8."
            ) from None


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of the branch."""

    role: Role
    text: str
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a conversation wants its answers. None leaves it to the provider."""

    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    effort: str | None = None

    def for_model(self, model: Model) -> Parameters:
        """Without what `model` does not know."""
        return Parameters(
            self.system,
            self.temperature if model.capabilities.temperature else None,
            self.max_tokens,
            self.effort if self.effort in model.capabilities.efforts else None,
        )


@dataclass(frozen=True, slots=True)
class StandingFiles:
    """Files that go before a conversation, and what was left out of them."""

    files: tuple[File, ...] = ()
    ids: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    """Names with the reason, for people."""
    tokens: int = 0
    """An estimate."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything one answer needs, and whose it is."""

    model: Model
    messages: tuple[PromptMessage, ...]
    parameters: Parameters = field(default_factory=Parameters)
    user_id: str | None = None
    session_id: str | None = None
    """The conversation."""
    trace_id: str | None = None
    """The interaction: the page finds tokens and cost by it."""
    group: str | None = None
    """The team it is booked under."""
    temporary: bool = False
    """Whether nothing but the numbers of it is recorded."""
    web_search: bool = False
    """Whether the provider may search the web for it."""
    reuse: bool = False
    """Whether the conversation is likely to go on, so that a cache of what it begins with pays."""
    previous_id: str | None = None
    """The provider's id of the answer before, for its reason where the cache was missed."""
    standing: StandingFiles = field(default_factory=StandingFiles)
    """The files of the conversation's folder."""

    @property
    def sent(self) -> tuple[PromptMessage, ...]:
        """The messages as they go out: the folder's files before the first of the user's, where a cache keeps them."""
        first = next((at for at, message in enumerate(self.messages) if message.role == "user"), None)
        if first is None or not self.standing.files:
            return self.messages
        message = self.messages[first]
        with_files = replace(message, files=(*self.standing.files, *message.files))
        return (*self.messages[:first], with_files, *self.messages[first + 1 :])


def check(prompt: Prompt, settings: Settings | None = None) -> None:
    """Raises `ChatError` for what cannot be sent, before anything is stored or sent."""
    settings = settings or get_settings()
    model = prompt.model
    if model.needs:
        raise ChatError(f"{model.name} cannot be asked yet: set {model.needs} and start the app again.")
    if not prompt.messages or prompt.messages[-1].role != "user":
        raise ChatError("There is no message to answer: write one first.")
    check_message(prompt.messages[-1], settings)
    check_parameters(prompt.parameters)
    if prompt.web_search and not can_search(model):
        raise ChatError(f"{model.name} cannot search the web: switch that off, or choose a model that can.")
    for message in prompt.messages:
        for file in message.files:
            _check_taken(file, model)


def check_message(message: PromptMessage, settings: Settings | None = None) -> None:
    """Raises `ChatError` for a message that no model could be sent."""
    settings = settings or get_settings()
    if not message.text.strip() and not message.files:
        raise ChatError("The message is empty: write something first.")
    if len(message.text) > settings.message_max_characters:
        raise ChatError(
            f"The message has {len(message.text):,} characters, and {settings.message_max_characters:,} can be sent: "
            "shorten it, or attach the text as a file."
        )
    if len(message.files) > settings.attachments_max:
        raise ChatError(
            f"The message has {len(message.files)} files, and {settings.attachments_max} can be sent at once."
        )
    for file in message.files:
        check_file(file, settings)


def check_file(file: File, settings: Settings) -> None:
    """Raises `ChatError` for a file that no model could be sent."""
    if not file.data:
        raise ChatError(f"{file.name!r} is empty: attach a file with something in it.")
    if len(file.data) > settings.attachment_max_mb * _MB:
        raise ChatError(
            f"{file.name!r} has {len(file.data) / _MB:,.1f} MB, and {settings.attachment_max_mb:g} MB can be sent: "
            "attach a smaller file."
        )
    if file.kind == "text":
        _ = file.text


def check_parameters(parameters: Parameters) -> None:
    """Raises `ChatError` for a parameter no provider accepts."""
    heat = parameters.temperature
    if heat is not None and not 0 <= heat <= 2:
        raise ChatError(f"A temperature of {heat:g} is outside of what models take: choose one from 0 to 2.")
    if parameters.max_tokens is not None and parameters.max_tokens < 1:
        raise ChatError(f"A limit of {parameters.max_tokens} tokens leaves no answer: choose 1 or more.")


def can_search(model: Model) -> bool:
    """Whether its provider searches the web for it, with tools of its own."""
    return model.provider in ("openai", "anthropic") and not model.simulated


def _check_taken(file: File, model: Model) -> None:
    takes = {"image": model.capabilities.images, "pdf": model.capabilities.pdf, "text": True}
    if not takes[file.kind]:
        what = "images" if file.kind == "image" else "PDF files"
        raise ChatError(f"{model.name} cannot take {what}: remove {file.name!r}, or choose a model that can.")
