"""Values that are made fast are the frozen dataclasses they are written as."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from llmtrack.pricing.usage import Cost, Price, Usage

PRICE = Price("book", "3", "openai", "gpt-4o", "standard", {"input": "2.5"})
VALUES = [Usage(7, 5, text_only=True), Cost("exact", 12, input=5, output=7, price=PRICE), PRICE]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_cannot_be_changed_and_is_equal_to_its_copies(value: Any) -> None:
    first = fields(value)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, first, None)
    with pytest.raises(FrozenInstanceError):
        delattr(value, first)
    assert type(value) is type(copy.copy(value)) is type(pickle.loads(pickle.dumps(value)))
    assert value == copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == replace(value)
    assert not hasattr(value, "__dict__")


def test_a_value_has_what_it_was_given_and_its_defaults() -> None:
    usage = Usage(7, output_tokens=5)
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.others) == (7, 5, None, ())
    assert usage.tools == {}
    assert usage.tools is not Usage().tools
    assert replace(usage, output_tokens=6) == Usage(7, 6) != usage
    assert isinstance(usage, Usage)
    assert repr(Cost("exact", 12)).startswith("Cost(status='exact', total=12, input=None")
    with pytest.raises(TypeError):
        Usage(nothing=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Cost()  # type: ignore[call-arg]


def test_a_value_says_what_it_takes() -> None:
    assert list(inspect.signature(Price).parameters) == [field.name for field in fields(Price)]


def test_equal_values_are_one_in_a_set() -> None:
    one, same, other = (Cost("exact", total) for total in (12, 12, 13))
    assert {one, same, other} == {one, other}
