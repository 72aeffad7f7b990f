"""When a model stops answering, as the installed SDK announces it."""

from __future__ import annotations

import re
import sys
from datetime import date

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAY = re.compile(rf"({'|'.join(_MONTHS)}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})")


def end_of_life(provider: str, name: str) -> date | None:
    """The day from which the provider no longer answers for this model; None where the SDK announces none.

    Anthropic's SDK has a table, `DEPRECATED_MODELS`; OpenAI's names such days only in prose. The table is read once
    something else has imported the SDK (the app does after its first page): importing it takes too long for a list.
    """
    if provider != "anthropic":
        return None
    messages = sys.modules.get("anthropic.resources.messages.messages")
    announced = getattr(messages, "DEPRECATED_MODELS", None)
    return parse_day(announced.get(name)) if isinstance(announced, dict) else None


def parse_day(text: object) -> date | None:
    """The day in ``January 22nd, 2027``; None for anything else."""
    match = _DAY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    month, day, year = match.groups()
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:  # a day that month does not have
        return None
