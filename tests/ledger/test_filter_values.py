"""What there is to filter by."""

from __future__ import annotations

from llmtrack.ledger import Ledger
from llmtrack.ledger.query import stored_keys, stored_values
from llmtrack.ledger.records import Identity
from tests.ledger.making import generation


def test_the_keys_and_values_of_properties_and_attributes_are_listed(ledger: Ledger) -> None:
    assert stored_keys(ledger) == []
    ledger.write([
        Identity("ann", {"plan": "pro", "seats": 3}, 1),
        Identity("bob", {"plan": "free"}, 1),
        Identity("cid", {"plan": "free"}, 1),
        generation(user_id="ann", properties={"screen": "a \"b\" c", "beta": True}),
        generation(user_id="bob"),
    ])  # fmt: skip
    assert stored_keys(ledger) == ["property.beta", "property.screen", "user.plan", "user.seats"]
    assert stored_values(ledger, "user.plan") == ["free", "pro"]
    assert stored_values(ledger, "user.plan", limit=1) == ["free"]
    assert stored_values(ledger, "property.screen") == ['a "b" c']
    assert stored_values(ledger, "property.beta") == ["true"]
    assert stored_values(ledger, "user.nothing") == stored_values(ledger, "model") == []
