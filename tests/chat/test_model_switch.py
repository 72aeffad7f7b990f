"""What switching the model did to the cost of a conversation."""

from __future__ import annotations

from decimal import Decimal

from llmtrack.chat.conversations import Message
from llmtrack.chat.model_switch import model_switch
from llmtrack.ledger.chats import Figures


def figure(cost: str | None, status: str = "exact") -> Figures:
    amount = None if cost is None else Decimal(cost)
    return Figures(
        100, 10, None, None, None, None, amount, None, None, status, False, 1.0, 0.5, "ok", 1, None, None
    )  # fmt: skip


def branch(*answers: tuple[str, str | None]) -> tuple[list[Message], dict[int, Figures]]:
    messages, figures = [], {}
    for number, (model, cost) in enumerate(answers, 1):
        messages += [
            Message(number * 2 - 1, None, "user", "?"),
            Message(number * 2, None, "assistant", "!", model=model),
        ]
        figures[number * 2] = figure(cost)
    return messages, figures


def test_a_dearer_model_is_named_with_what_an_answer_cost_before_and_costs_now() -> None:
    switch = model_switch(*branch(("o/mini", "0.001"), ("o/mini", "0.003"), ("o/big", "0.006"), ("o/big", None)))
    assert switch is not None
    assert (switch.before, switch.now) == ("o/mini", "o/big")
    assert (switch.cost_before, switch.cost_now, switch.factor) == (Decimal("0.002"), Decimal("0.006"), 3)


def test_one_model_a_cheaper_one_or_an_unknown_cost_are_no_news() -> None:
    assert model_switch(*branch(("o/mini", "0.001"), ("o/mini", "0.009"))) is None
    assert model_switch(*branch(("o/big", "0.009"), ("o/mini", "0.001"))) is None
    assert model_switch(*branch(("o/mini", "0.010"), ("o/big", "0.0149"))) is None
    assert model_switch(*branch(("o/mini", None), ("o/big", "0.009"))) is None
    messages, figures = branch(("demo/a", "0.001"), ("o/big", "0.009"))
    assert model_switch(messages, {**figures, 2: figure("0.001", "simulated")}) is None
