"""A statement before it is run: whether it can be a query at all, and where in it something is."""

from __future__ import annotations

import re

from llmtrack.ledger.sql_access.errors import SqlError

MOST_CHARACTERS = 20_000
READING = ("select", "with", "values", "explain")
"""What a query begins with."""
_SKIPPED = re.compile(r"(?:\s|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<skipped>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<token>'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|`[^`]*`?|\[[^\]]*\]?|\w+|.)",
    re.DOTALL,
)


def check(statement: str) -> None:
    """Raises `SqlError` for what is plainly no query. What reads the database trusts this in nothing."""
    if len(statement) > MOST_CHARACTERS:
        raise SqlError(
            f"The statement has {len(statement):,} characters; {MOST_CHARACTERS:,} is the most.", reason="refused"
        )
    try:
        statement.encode()
    except UnicodeEncodeError as error:
        raise SqlError("The statement has a sign in it that is no text: take it out.", "refused", error.start) from None
    if "\0" in statement:
        raise SqlError("The statement has a NUL character in it: take it out.", "refused", statement.index("\0"))
    begin = _SKIPPED.match(statement)
    at = begin.end() if begin else 0
    if at == len(statement) or statement[at:].strip(" ;\n\t\r") == "":
        raise SqlError("There is no statement to run: write one that begins with SELECT.")
    word = re.match(r"\w+|.", statement[at:], re.DOTALL)
    first = word[0] if word else ""
    if first.lower() not in READING and first != "(":
        raise SqlError(f"{first.upper()} is refused: statements only read here, and begin with SELECT.", "refused", at)


def tokens(statement: str) -> list[tuple[int, str]]:
    """The words, texts and signs of a statement with their positions, comments and space left out."""
    return [(match.start(), match[0]) for match in _TOKEN.finditer(statement) if match["token"] is not None]


def line_and_column(statement: str, position: int) -> tuple[int, int]:
    """The place of a character, both counted from 1."""
    before = statement[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
