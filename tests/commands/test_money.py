"""`llmtrack prices`, `estimate` and `what-if`: what they print, and what they refuse in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.price_book import list_prices
from llmtrack.pricing import Cost, Pricer, Usage, UsageRecord
from tests.ledger.making import generation

pytestmark = pytest.mark.compares_with("genai-prices")

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(main, arguments, **more)


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def test_a_price_is_added_listed_used_and_retired(run: Run) -> None:
    assert "The price book is empty" in run("prices", "list").output
    added = run("prices", "add", "openai/gpt-4o", "input=2", "output=8", "--since", "2026-01-01", "--note", "deal")
    assert added.output == "Entry 1: openai/gpt-4o: input $2, output $8, from 1 January 2026.\n"
    listed = run("prices", "list").output
    assert listed == "   1  openai/gpt-4o: input $2, output $8, from 1 January 2026  (deal)\n"
    checked = run("prices", "check", "openai/gpt-4o-2024-08-06").output
    assert "of book 1" in checked
    assert "input            $2 per million tokens" in checked
    assert "cache_read       $1.25 per million tokens" in checked
    assert "never holds" in run("prices", "retire", "1", "--never").output
    assert "The price book is empty" in run("prices", "list").output
    assert "never holds, retired by command line" in run("prices", "list", "--all").output


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["openai/*", "--discount", "15"], "-15% on openai/*"),
        (["*/*", "--markup", "10%", "--everything"], "+10% on */*"),
        (["gateway/fast", "--same-as", "openai/gpt-4o"], "gateway/fast as openai/gpt-4o"),
        (["ollama/*", "input=0", "output=0"], "ollama/*: input $0, output $0"),
    ],
)
def test_every_kind_of_entry_can_be_added(run: Run, arguments: list[str], kept: str) -> None:
    result = run("prices", "add", *arguments)
    assert result.exit_code == 0, result.output
    assert list_prices(open_ledger())[0].entry.title == kept


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["openai/gpt-4o", "input=-1"],
            "Error: input=-1 is negative; a price is 0 or more dollars per million tokens.",
        ),
        (["openai/gpt-4o", "input=0.0000025"], "Is it per token? That would be input=2.5."),
        (["openai/gpt-4o", "input"], "'input' must be CLASS=DOLLARS, such as input=2.5."),
        (["openai/gpt-4o", "input=cheap"], "'cheap' is no number of dollars for input"),
        (["openai", "input=1"], "'openai' must be PROVIDER/MODEL"),
        (["openai/gpt-4o"], "Give either rates (such as input=2.5), --discount, --markup or --same-as."),
        (["openai/gpt-4o", "input=2", "--discount", "5"], "Give either rates"),
        (["openai/gpt-4o", "input=2", "--since", "soon"], "'soon' is no date; write --since 20"),
        (["openai/gpt-4o", "--same-as", "openai/gpt-99"], "The price list has no openai/gpt-99"),
        (["openai/gpt-4o", "input=2", "input=3"], "input is given twice, as 2 and 3; give it once."),
        (["openai/gpt-4o", "input=0.001"], "(2.5 dollars per million tokens); check the decimal point.\n"),
    ],
)
def test_a_wrong_price_is_refused_in_one_sentence(run: Run, arguments: list[str], words: str) -> None:
    result = run("prices", "add", *arguments)
    assert result.exit_code in (1, 2)
    assert words in result.output
    assert list_prices(open_ledger()) == ()


def test_an_entry_that_is_not_there_cannot_be_retired(run: Run) -> None:
    result = run("prices", "retire", "5")
    assert (result.exit_code, result.output) == (1, "Error: There is no price book entry 5; there are none at all.\n")


def test_models_without_a_price_are_named_with_the_reason(run: Run) -> None:
    ledger = open_ledger()
    used = Usage(input_tokens=10, output_tokens=10)
    for model in ("gpt-99", "gpt-99", "gpt-4o"):
        cost = Pricer().price(UsageRecord(used, "openai", model, now()))
        ledger.write([generation(now(), response_model=model, usage=used, cost=cost)])
    result = run("prices", "check")
    assert result.exit_code == 1
    assert "openai/gpt-99: 2 of 2 calls unpriced; no price is known for this model at this provider" in result.output
    assert "gpt-4o" not in result.output


def test_a_model_without_a_price_is_explained(run: Run) -> None:
    assert "openai/gpt-99: no price is known" in run("prices", "check", "openai/gpt-99").output
    assert "An estimate: this provider's own list does not have" in run("prices", "check", "azure/gpt-4o").output
    assert "over 272,000 input tokens" in run("prices", "check", "openai/gpt-5.5").output


def test_a_call_is_estimated_before_it_is_made(run: Run, tmp_path: Path) -> None:
    result = run("estimate", "openai/gpt-4o", "What is a ledger?", "--max-tokens", "100", "--expected-tokens", "50")
    assert result.exit_code == 0, result.output
    low, expected, high = (D(line.split("$")[1]) for line in result.output.splitlines()[:3])
    assert low < expected < high < D("0.0012")
    assert "nothing read from a cache" in result.output
    messages = tmp_path / "messages.json"
    messages.write_text(json.dumps({"messages": [{"role": "user", "content": "What is a ledger?"}]}))
    again = run("estimate", "gpt-4o", "--file", str(messages), "--max-tokens", "100", "--expected-tokens", "50")
    assert again.output.splitlines()[:3] == result.output.splitlines()[:3]


def test_what_cannot_be_estimated_is_one_sentence(run: Run) -> None:
    result = run("estimate", "openai/gpt-99", "Hello")
    assert result.exit_code == 1
    assert result.output.startswith("Error: openai/gpt-99 cannot be estimated: no price is known")
    assert run("estimate", "openai/gpt-4o").exit_code == 2


def test_a_period_is_priced_on_another_model(run: Run) -> None:
    ledger = open_ledger()
    used = Usage(input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=400_000)
    cost = Pricer().price(UsageRecord(used, "openai", "gpt-4o", now()))
    ledger.write([generation(now(), response_model="gpt-4o", usage=used, cost=cost)])
    ledger.write(
        [generation(now(), provider="demo", usage=used, cost=Cost("simulated", total=5, input=5), simulated=True)]
    )
    ledger.write([generation(now(), usage=Usage(), cost=Cost("unpriced", reason="usage_missing"))])
    result = run("what-if", "anthropic/claude-opus-4-5")
    assert result.exit_code == 0, result.output
    # 600,000 x 2.50 + 400,000 x 1.25 + 100,000 x 10 = 3.00; 600,000 x 5 + 400,000 x 0.50 + 100,000 x 25 = 5.70
    assert "as it was      $3.000000, 1 of 2 calls unpriced" in result.output
    assert "on anthropic/claude-opus-4-5  $5.700000" in result.output
    assert "the same share of the input read from a cache" in result.output
    assert "1 call is left out" in result.output
    without = run("what-if", "anthropic/claude-opus-4-5", "--no-caching").output
    assert "$7.500000" in without  # 1,000,000 x 5 + 100,000 x 25


def test_a_period_on_a_model_nobody_knows_is_one_sentence(run: Run) -> None:
    assert "No calls were counted in that time" in run("what-if", "openai/gpt-99").output
    ledger = open_ledger()
    ledger.write([generation(now())])
    assert "openai/gpt-99 cannot be asked about: no price is known" in run("what-if", "openai/gpt-99").output
    assert "must be PROVIDER/MODEL" in run("what-if", "gpt-4o").output


def test_unpriced_calls_are_priced_after_a_look_and_that_is_undone(run: Run) -> None:
    """1,000 tokens in at 0.10 and 200 out at 0.30 dollars a million, twice."""
    ledger = open_ledger("sqlite:///llmtrack.db")
    at = now() - 1_000_000
    made = {"provider": "ollama", "response_model": "llama3", "cost": Cost("unpriced", reason="no_price")}
    ledger.write([generation(at + place, usage=Usage(1_000, 200), **made) for place in range(2)])
    assert run("prices", "apply").output == "2 calls have no price yet; llmtrack prices check says why.\n" + (
        "No unpriced call of */* has a price now.\n"
    )

    added = run("prices", "add", "ollama/*", "input=0.10", "output=0.30", "--since", "2026-01-01").output
    assert added.endswith("2 unpriced calls have a price now: llmtrack prices apply 'ollama/*'\n")

    looked = run("prices", "apply", "ollama/*", input="n\n").output
    month = f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m}"
    assert looked.splitlines()[0].split() == [month, "alice", "2", "calls", "$0.00032"]
    assert looked.endswith("Price 2 calls at $0.00032 in all? [y/N]: n\nNothing was changed.\n")
    assert run("prices", "runs").output == "No unpriced calls have been priced later on.\n"

    priced = run("prices", "apply", "ollama/*", "--yes").output
    assert priced.endswith("Priced 2 calls at $0.00032. To undo it: llmtrack prices undo 1\n")
    assert "ollama/*: 2 calls, $0.00032, by command line\n" in run("prices", "runs").output
    assert "all totals are right" in run("verify").output

    assert run("prices", "undo", "1").output == "Pricing 1 is undone: 2 calls are unpriced again.\n"
    again = run("prices", "undo", "1")
    assert again.exit_code == 1
    assert "Pricing 1 was undone before." in again.output
    assert ", undone\n" in run("prices", "runs").output


def test_what_a_model_costs_in_a_region_is_told_with_what_that_adds(run: Run) -> None:
    told = run("prices", "check", "google/claude-sonnet-4-5", "--region", "us-east5").output
    assert ", +10% in us-east5\n" in told
    assert "  input            $3.3 per million tokens\n" in told
