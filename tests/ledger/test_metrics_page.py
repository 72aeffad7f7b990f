"""The page about metrics says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmtrack.ledger.metrics import DIMENSIONS, METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def cells(name: str) -> list[str]:
    """The cells of the row of that name."""
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_metric_and_dimension_has_a_row() -> None:
    assert [len(cells(name)) for name in METRICS] == [6] * len(METRICS)
    assert [len(cells(name)) for name in DIMENSIONS] == [3] * len(DIMENSIONS)


@pytest.mark.parametrize(
    ("name", "unit", "formula", "left_out", "adds_up"),
    [
        ("cost", "US dollars, as `Decimal`", "sum of `cost` where `cost_status` is not `simulated` or `api_equivalent`",
         "unpriced generations; None where nothing is known", "yes"),
        ("unpriced", "a count", "sum of `unpriced`", "", "yes"),
        ("total_tokens", "tokens", "sum of `input_tokens` and `output_tokens`",
         "token counts nobody reported; None where nothing is known", "yes"),
        ("duration", "seconds", "`answer_duration` / `timed_answers`",
         "what the two leave out; None where `timed_answers` is 0", "no"),
        ("time_to_first_token_p95", "seconds",
         "the value that 95% of `time_to_first_token` do not exceed, from sketches (within 1 %)",
         "generations without a time to first token", "no"),
        ("users", "a count", "different users", "generations without a user", "no"),
        ("cost_per_user_p95", "US dollars, as `Decimal`",
         "95% percentile (nearest rank, exact) of each user's `cost`",
         "generations without a user; users whose `cost` is unknown", "no"),
    ],
)  # fmt: skip
def test_a_row_says_unit_formula_what_is_left_out_and_whether_it_adds_up(
    name: str, unit: str, formula: str, left_out: str, adds_up: str
) -> None:
    _, shown_unit, _, *rest = cells(name)
    assert (shown_unit, *rest) == (unit, formula, left_out, adds_up)


def test_the_names_of_opentelemetry_are_those_in_force() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert "`gen_ai.client.inference.duration`" in page
    assert "`gen_ai.usage.cache_write.input_tokens`" in page
    assert [old for old in ("client.operation.duration", "cache_creation", "client.token.usage") if old in page] == []
