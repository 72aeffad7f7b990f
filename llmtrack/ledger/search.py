"""Full-text search in prompts and answers: what people type, told apart into words and phrases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmtrack.ledger.scope import Sql
from llmtrack.ledger.texts import words_of

if TYPE_CHECKING:
    from llmtrack.ledger.dialect import Dialect

_PHRASE = re.compile(r'"([^"]*)"|(\S+)')


def phrases_of(text: str) -> list[list[str]]:
    """The phrases in what somebody typed: words, and words "in quotation marks" that have to follow each other."""
    found = [words_of(quoted or word) for quoted, word in _PHRASE.findall(text)]
    return [words for words in found if words]


def matching(dialect: Dialect, alias: str, text: str) -> Sql:
    """The condition that a generation's texts hold all words and phrases of `text`; the last word may be unfinished.

    Raises ValueError where it has no word at all.
    """
    phrases = phrases_of(text)
    if not phrases:
        raise ValueError(f"There is no word to search for in {text!r}; type letters or digits.")
    terms = dialect.search_terms(phrases, prefix=not text.rstrip().endswith('"') and not text.endswith(" "))
    return Sql(f"{alias}.{dialect.search_sql('generation_search')}", (terms,))
