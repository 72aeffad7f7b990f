"""The files of a folder of conversations: kept for its owner, and which of them a model can be sent.

They stand before the first message, where a provider's cache keeps them. What does not fit is named, never dropped
without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtrack.chat.answers.file_tokens import file_tokens, pdf_pages
from llmtrack.chat.answers.prompt import IMAGES, PDF, File, check_file
from llmtrack.chat.conversations import attachments
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.model import Model
from llmtrack.settings import get_settings

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import FolderFile

MOST_LETTERS = 60
"""Of a folder's name."""
_MB = 1_000_000
_CONTEXT_SHARE = 0.5
"""The part of what a model can read that the files of a folder may take: the conversation needs room as well."""


@dataclass(frozen=True, slots=True)
class FittedFiles:
    """The files of a folder as one model is sent them."""

    sent: tuple[FolderFile, ...] = ()
    left_out: tuple[str, ...] = ()
    """The others, each with its name and why: ``'a.pdf' (gpt-4 cannot take PDF files)``."""
    tokens: int = 0
    """About how many tokens `sent` make."""


NO_FILES = FittedFiles()


class FolderFiles:
    """The files of one user's folders; those of others cannot be reached."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        from llmtrack.ledger.chats import Folders

        self._folders = Folders(ledger, user_id)

    def list(self, folder: str) -> Sequence[FolderFile]:
        """The files of a folder, in the order in which they came."""
        return self._folders.files(folder)

    def counts(self) -> dict[str, int]:
        """How many files each folder has, by its name; those without any are missing."""
        return self._folders.counts()

    def add(self, folder: str, files: Sequence[File]) -> None:
        """Puts files into a folder, all or none. One that is there already, byte for byte, stays as it is.

        Raises `ChatError` for a file that cannot be sent, and for more than a folder may hold.
        """
        from llmtrack.ledger.chats import NewFolderFile

        name, settings = folder_name(folder), get_settings()
        if name is None:
            raise ChatError("The folder has no name: write one.")
        for file in files:
            check_file(file, settings)
        checked = attachments.as_they_are(files)
        _ = attachments.to_keep(checked)  # says where a picture cannot be read
        present = {(file.name, file.sha256) for file in self._folders.files(name)}
        new = {(file.name, attachments.sha256(file)): file for file in checked}
        kept = [
            NewFolderFile(file.name, file.media_type, file.data, pdf_pages(file.media_type, file.data))
            for key, file in new.items()
            if key not in present
        ]
        if not self._folders.add(name, kept, settings.folder_files_max, int(settings.folder_max_mb * _MB)):
            raise ChatError(
                f"A folder holds {settings.folder_files_max} files of {settings.folder_max_mb:g} MB together: "
                f"take some out of {name!r} first."
            )

    def remove(self, file_id: int) -> None:
        """Deletes a file; answers that were given with it stay as they are."""
        self._folders.remove(file_id)

    def delete(self, folder: str) -> None:
        """Deletes a folder with its files. Its conversations stay, outside of it."""
        self._folders.delete(folder)

    def contents(self, files: Sequence[FolderFile]) -> dict[int, bytes]:
        """What is in these files, by id; one that was deleted meanwhile is missing."""
        return self._folders.contents([file.id for file in files]) if files else {}


def folder_name(name: str | None) -> str | None:
    """A folder's name as it is kept: on one line, not longer than 60 letters; None for an empty one."""
    return " ".join((name or "").split())[:MOST_LETTERS] or None


def fit(files: Sequence[FolderFile], model: Model) -> FittedFiles:
    """Which files of a folder `model` can be sent, within `folder_max_tokens` and half of what it can read.

    The first ones come first; a later one that fits is sent although one before it did not.
    """
    from llmtrack.pricing.tokens import weights_for

    weights = weights_for(model.name)
    most = get_settings().folder_max_tokens
    if model.context is not None:
        most = min(most, int(model.context * _CONTEXT_SHARE))
    sent: list[FolderFile] = []
    left_out: list[str] = []
    total = 0
    for file in files:
        if why := _cannot_take(file, model):
            left_out.append(f"{file.name!r} ({why})")
            continue
        tokens = file_tokens(file.media_type, file.size, weights, file.pages)
        if total + tokens > most:
            left_out.append(f"{file.name!r} (about {tokens:,} tokens, and {max(0, most - total):,} are left for files)")
            continue
        sent.append(file)
        total += tokens
    return FittedFiles(tuple(sent), tuple(left_out), total)


def _cannot_take(file: FolderFile, model: Model) -> str | None:
    if file.media_type in IMAGES and not model.capabilities.images:
        return f"{model.name} cannot take images"
    if file.media_type == PDF and not model.capabilities.pdf:
        return f"{model.name} cannot take PDF files"
    return None
