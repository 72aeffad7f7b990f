"""Filters as an address holds them and as people read them.

In an address a filter is a parameter ``where`` such as ``model:is:gpt-5,gpt-5-mini``: dimension, what is asked of it,
values. What would part them within a name is percent-encoded; an empty value is "not given".
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from llmtrack.ledger.query import Filter, Operator, Where, filters
from pages.components import formatting

WHERE = "where"
"""The parameter of an address; it stands once for each filter."""
PHRASES: dict[tuple[Operator, bool], tuple[str, str]] = {
    ("is", False): ("is", "is"),
    ("is", True): ("not", "is not"),
    ("contains", False): ("contains", "contains"),
    ("contains", True): ("without", "does not contain"),
    ("above", False): ("above", "is more than"),
    ("below", False): ("below", "is less than"),
    ("above", True): ("upto", "is not more than"),
    ("below", True): ("from", "is not less than"),
}
"""What is asked of a dimension: in an address, and in words."""
_BY_WORD = {word: operator for operator, (word, _) in PHRASES.items()}
_PLAIN = " /@"
NOT_GIVEN = "not given"
_NAMES = {"generations": "calls", "group": "team", "user": "user", "session": "conversation"}
"""What people call a dimension, where that is not its name."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS = {str(number): name for number, name in enumerate(WEEKDAYS, 1)}


def encode(condition: Filter) -> str:
    """A filter as the value of `WHERE`."""
    word, _ = PHRASES[condition.operator, condition.negated]
    values = ",".join("" if value is None else quote(str(value), safe=_PLAIN) for value in condition.values)
    return f"{quote(condition.dimension, safe=_PLAIN)}:{word}:{values}"


def decode(text: str) -> Filter:
    """The filter of a value of `WHERE`. Raises ValueError, which names it, for what is none."""
    name, _, rest = text.partition(":")
    word, colon, values = rest.partition(":")
    if not colon or word not in _BY_WORD:
        raise ValueError(f"{text!r} is no filter; it is written like model:is:gpt-5.")
    operator, negated = _BY_WORD[word]
    condition = Filter(unquote(name), tuple(unquote(value) or None for value in values.split(",")), negated, operator)
    filters([condition])  # whether there is such a dimension, and it can have this asked of it
    return condition


def both(*wheres: Where | None) -> tuple[Filter, ...]:
    """All filters of these, each once."""
    return tuple(dict.fromkeys(condition for where in wheres for condition in filters(where)))


def only(where: Where | None, dimension: str, value: str | int | None) -> tuple[Filter, ...]:
    """The filters, with those that are about this dimension replaced by one: it is `value`."""
    others = (condition for condition in filters(where) if condition.dimension != dimension)
    return (*others, Filter(dimension, (value,)))


def without(where: Where | None, dimension: str) -> tuple[Filter, ...]:
    """The filters, but for those that are about this dimension."""
    return tuple(condition for condition in filters(where) if condition.dimension != dimension)


def dimension_name(name: str) -> str:
    """What people call a dimension: ``Model``, ``Error type``, ``Team``; properties keep their own names."""
    if name.startswith(("property.", "user.")):
        return name
    return formatting.heading(_NAMES.get(name, name))


def value_name(value: str | int | None, dimension: str = "") -> str:
    """A value of a dimension as people read it."""
    if value is None:
        return NOT_GIVEN
    if dimension == "weekday" and str(value) in _WEEKDAYS:
        return _WEEKDAYS[str(value)]
    if dimension == "hour_of_day" and str(value).isdecimal():
        return f"{int(value):02d}:00"
    return formatting.visible(str(value))


def words(condition: Filter) -> tuple[str, str, str]:
    """A filter in words: dimension, what is asked of it, values."""
    _, phrase = PHRASES[condition.operator, condition.negated]
    return (
        dimension_name(condition.dimension),
        phrase,
        formatting.either([value_name(v, condition.dimension) for v in condition.values]),
    )


def sentence(conditions: Iterable[Filter]) -> str:
    """Filters in one sentence: ``Model is gpt-5, Status is not ok``; empty where there is none."""
    return ", ".join(" ".join(words(condition)) for condition in conditions)
