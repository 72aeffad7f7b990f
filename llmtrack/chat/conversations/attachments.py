"""Files on their way into the ledger and out again into a prompt."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from llmtrack.chat.answers.prompt import File, PromptMessage
from llmtrack.chat.conversations.tree import Message
from llmtrack.chat.error_messages import ChatError

if TYPE_CHECKING:
    from PIL import Image

    from llmtrack.ledger.chats import NewFile

_THUMBNAIL = 320  # pixels, the longer side
_MOST_PIXELS = {"PNG": 40_000_000, "GIF": 40_000_000, "JPEG": 40_000_000, "WEBP": 24_000_000}
"""Of a picture that has to be decoded whole: at most 400 MB while it is, as a WebP takes 16 bytes a pixel."""
_MOST_PIXELS_DRAFTED = 80_000_000
"""Of a JPEG that is decoded at an eighth of its size."""
_SHRINKABLE = ("RGB", "RGBA", "L", "LA", "CMYK", "YCbCr")
"""Modes in which pixels can be averaged; those of a palette or of 16 bits are converted first."""
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


def as_they_are(files: Sequence[File]) -> tuple[File, ...]:
    """Files with the media type that their content has: providers refuse a JPEG that is called a PNG.

    Raises `ChatError` for a picture that is none.
    """
    return tuple(replace(file, media_type=_media_type(file)) if file.kind == "image" else file for file in files)


def to_keep(files: Sequence[File]) -> list[NewFile]:
    """Files as the ledger keeps them, pictures with a small copy. Raises `ChatError` for a picture that is none."""
    if not files:
        return []
    from llmtrack.ledger.chats import NewFile

    return [NewFile(file.name, file.media_type, file.data, _thumbnail(file)) for file in files]


def sha256(file: File) -> str:
    """The digest of a file's content, by which the ledger knows it."""
    return hashlib.sha256(file.data).hexdigest()


def _media_type(file: File) -> str:
    with _opened(file) as picture:
        return _FORMATS[picture.format or ""]


def _thumbnail(file: File) -> bytes | None:
    if file.kind != "image":
        return None
    with _opened(file) as picture:
        # A progressive JPEG has all of its coefficients in memory, whatever it is decoded to.
        drafted = picture.format == "JPEG" and "progressive" not in picture.info
        most = _MOST_PIXELS_DRAFTED if drafted else _MOST_PIXELS[picture.format or ""]
        if picture.width * picture.height > most:
            raise _too_large(file, picture.width * picture.height)
        picture.draft("RGB", (_THUMBNAIL, _THUMBNAIL))
        shrunk = picture if picture.mode in _SHRINKABLE else picture.convert("RGB")
        shrunk.thumbnail((_THUMBNAIL, _THUMBNAIL))
        out = io.BytesIO()
        shrunk.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


@contextmanager
def _opened(file: File) -> Iterator[Image.Image]:
    """A picture by its content, whatever its name and type say, as one of the formats that can be sent.

    No other of Pillow's readers is tried: some start programs, as Ghostscript for PostScript.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at here
            with Image.open(io.BytesIO(file.data), formats=list(_FORMATS)) as picture:
                yield picture
    except ChatError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(file) from None
    except Exception:  # whatever Pillow's readers trip over in a damaged file
        raise ChatError(f"{file.name!r} is no picture that can be read: attach a PNG, JPEG, GIF or WebP.") from None


def _too_large(file: File, pixels: int | None = None) -> ChatError:
    has = f" ({pixels / 1_000_000:.0f} megapixels)" if pixels else ""
    return ChatError(f"{file.name!r} is too large a picture to be shown{has}: attach a smaller one.")


def history(messages: Sequence[Message], contents: Mapping[int, bytes]) -> list[PromptMessage]:
    """A branch as it is sent again: answers without text are left out, continued ones joined, files put back.

    A file whose content is not given stays behind as its name, so that the model knows there was one.
    """
    prompt: list[PromptMessage] = []
    for message in messages:
        if message.role == "assistant":
            if not message.text:
                continue
            if prompt and prompt[-1].role == "assistant":
                prompt[-1] = PromptMessage("assistant", prompt[-1].text + message.text)
            else:
                prompt.append(PromptMessage("assistant", message.text))
            continue
        files = tuple(
            File(file.name, file.media_type, contents[file.id]) for file in message.files if file.id in contents
        )
        left = [f"[The file {file.name!r} was here.]" for file in message.files if file.id not in contents]
        text = "\n".join([*left, message.text]) if left else message.text
        prompt.append(PromptMessage("user", text, files))
    return prompt
