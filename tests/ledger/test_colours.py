"""A model or feature has one slot among the colours of charts, from its first call on."""

from __future__ import annotations

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.colours import slots
from tests.ledger.making import generation


def test_models_take_slots_in_the_order_of_their_first_call_and_keep_them(ledger: Ledger) -> None:
    ledger.write([generation(response_model="gpt-b"), generation(response_model="gpt-a")])
    ledger.write([generation(response_model="claude"), generation(response_model="gpt-a")])
    assert slots(ledger, "model") == {"gpt-b": 1, "gpt-a": 2, "claude": 3}
    ledger.write([generation(response_model="claude")])
    assert slots(ledger, "model") == {"gpt-b": 1, "gpt-a": 2, "claude": 3}


def test_features_seen_first_together_take_slots_by_name(ledger: Ledger) -> None:
    ledger.write([generation(feature="summary"), generation(feature="chat"), generation(feature=None)])
    ledger.write([generation(feature="agents")])
    assert slots(ledger, "feature") == {"chat": 1, "summary": 2, "agents": 3}


def test_another_kind_has_no_stored_colour(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'user' has no stored colour; there are model and feature"):
        slots(ledger, "user")
