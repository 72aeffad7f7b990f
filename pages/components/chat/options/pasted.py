"""A text too long for a message goes along as a file, as it would if it had been attached."""

from __future__ import annotations

from llmtrack.chat.answers import File

MOST_CHARACTERS = 100_000


def without_large_text(text: str, files: tuple[File, ...]) -> tuple[str, tuple[File, ...]]:
    """The message and its files, with a text of more than 100,000 characters among them."""
    if len(text) <= MOST_CHARACTERS:
        return text, files
    names = {file.name for file in files}
    name = next(name for n in range(1, len(files) + 2) if (name := f"pasted{n if n > 1 else ''}.txt") not in names)
    return "", (*files, File(name, "text/plain", text.encode("utf-8", "replace")))


def as_typed(text: str, files: tuple[File, ...]) -> str:
    """What stood in the box, of a message that `without_large_text` has seen: it goes back there when it is refused."""
    last = files[-1] if files and not text else None
    if last is None or not last.name.startswith("pasted") or len(last.data) <= MOST_CHARACTERS:
        return text
    return last.data.decode("utf-8", "replace")
