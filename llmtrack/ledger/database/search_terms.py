"""Full-text search in prompts and answers: what people type, told apart into words and phrases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmtrack.ledger.database.full_text import words_of

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect

_PHRASE = re.compile(r'"([^"]*)"|(\S+)')


def phrases_of(text: str) -> list[list[str]]:
    """The phrases in what somebody typed: words, and words "in quotation marks" that have to follow each other."""
    found = [words_of(quoted or word) for quoted, word in _PHRASE.findall(text)]
    return [words for words in found if words]


def terms_of(dialect: Dialect, text: str) -> str:
    """What the full-text index is asked for: all words and phrases of `text`; the last word may be unfinished.

    Raises ValueError where it has no word at all.
    """
    phrases = phrases_of(text)
    if not phrases:
        raise ValueError(f"There is no word to search for in {text!r}; type letters or digits.")
    return dialect.search_terms(phrases, prefix=not text.rstrip().endswith('"') and not text.endswith(" "))
