"""A call that no model answered counts for the model that answers to the name asked for."""

from __future__ import annotations

from collections.abc import Mapping

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.records import Generation
from tests.ledger.making import NOON, generation


def answered(number: int, by: str, **changes: object) -> Generation:
    return generation(NOON + number, response_model=by, **changes)


def failed(number: int, **changes: object) -> Generation:
    plain = {"response_model": None, "status": "error", "error_type": "overloaded"}
    return generation(NOON + number, **plain | changes)


def counted(ledger: Ledger) -> Mapping[str, tuple[int, int]]:
    """Calls and errors by model."""
    return {
        row["model"]: (row["generations"], row["errors"]) for row in ask(ledger, ["generations", "errors"], "model")
    }


def test_a_failure_counts_for_the_model_that_answered_to_that_name_last(ledger: Ledger) -> None:
    ledger.write([answered(0, "gpt-4o-2024-05-13"), failed(1), answered(2, "gpt-4o-2024-08-06"), failed(3), failed(4)])
    assert counted(ledger) == {"gpt-4o-2024-05-13": (2, 1), "gpt-4o-2024-08-06": (3, 2)}


def test_a_name_that_was_never_answered_counts_for_itself(ledger: Ledger) -> None:
    ledger.write([failed(0), answered(1, "o3", request_model="o3"), answered(2, "gpt-4o-2024-08-06", provider="azure")])
    assert counted(ledger) == {"gpt-4o": (1, 1), "o3": (1, 0), "gpt-4o-2024-08-06": (1, 0)}
    (row,) = ask(ledger, "generations", ["request_model", "response_model"], where={"status": "error"})
    assert (row["request_model"], row["response_model"]) == ("gpt-4o", None)


def test_another_process_knows_from_the_rows_what_answers_to_a_name(ledger: Ledger, ledger_url: str) -> None:
    ledger.write([answered(0, "gpt-4o-2024-05-13"), answered(1, "gpt-4o-2024-08-06")])
    ledger.close()
    again = open_ledger(ledger_url)
    try:
        again.write([failed(2)])
        assert counted(again) == {"gpt-4o-2024-05-13": (1, 0), "gpt-4o-2024-08-06": (2, 1)}
    finally:
        again.close()
