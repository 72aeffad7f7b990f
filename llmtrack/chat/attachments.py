"""Files on their way into the ledger and out again into a prompt."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llmtrack.chat.branches import Message
from llmtrack.chat.prompt import File, Said
from llmtrack.chat.wording import ChatError

if TYPE_CHECKING:
    from llmtrack.ledger.chats import NewFile

_THUMBNAIL = 320  # pixels, the longer side
_MOST_PIXELS = 80_000_000


def to_keep(files: Sequence[File]) -> list[NewFile]:
    """Files as the ledger keeps them, pictures with a small copy. Raises `ChatError` for a picture that is none."""
    if not files:
        return []
    from llmtrack.ledger.chats import NewFile

    return [NewFile(file.name, file.media_type, file.data, _thumbnail(file)) for file in files]


def _thumbnail(file: File) -> bytes | None:
    if file.kind != "image":
        return None
    from PIL import Image

    too_large = f"{file.name!r} is too large a picture to be shown: attach a smaller one."
    try:
        with Image.open(io.BytesIO(file.data)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ChatError(too_large)
            small = picture.convert("RGB")
            small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    except ChatError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ChatError(too_large) from None
    except (OSError, ValueError, SyntaxError):
        raise ChatError(f"{file.name!r} is no picture that can be read: attach a PNG, JPEG, GIF or WebP.") from None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()


def history(messages: Sequence[Message], contents: Mapping[int, bytes]) -> list[Said]:
    """A branch as it is sent again: answers without text are left out, continued ones joined, files put back.

    A file whose content is not given stays behind as its name, so that the model knows there was one.
    """
    told: list[Said] = []
    for message in messages:
        if message.role == "assistant":
            if not message.text:
                continue
            if told and told[-1].role == "assistant":
                told[-1] = Said("assistant", told[-1].text + message.text)
            else:
                told.append(Said("assistant", message.text))
            continue
        files = tuple(
            File(file.name, file.media_type, contents[file.id]) for file in message.files if file.id in contents
        )
        left = [f"[The file {file.name!r} was here.]" for file in message.files if file.id not in contents]
        text = "\n".join([*left, message.text]) if left else message.text
        told.append(Said("user", text, files))
    return told
